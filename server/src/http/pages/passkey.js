// The one thing on these pages that needs a script: asking the browser for a passkey. Without one, codes do.
const form = document.querySelector("form[data-passkey]");
const button = form?.querySelector("button[data-passkey]");
const parse = window.PublicKeyCredential?.parseRequestOptionsFromJSON;

if (form && button && parse) {
  const options = JSON.parse(form.dataset.passkey);
  const ask = async () => {
    button.disabled = true;
    try {
      const publicKey = PublicKeyCredential.parseRequestOptionsFromJSON(options);
      const credential = await navigator.credentials.get({ publicKey });
      form.elements.credential.value = JSON.stringify(credential.toJSON());
      form.submit();
    } catch {
      // Cancelled, or there is no passkey here: the person chooses how to go on.
      button.disabled = false;
    }
  };
  button.hidden = false;
  button.addEventListener("click", ask);
}
