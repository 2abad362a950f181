"""Streamlit with st.login, as its documentation has it."""

import json

import streamlit as st

if not st.user.is_logged_in:
    if st.button("Log in"):
        st.login()
else:
    st.code(json.dumps(st.user.to_dict()))
