// The one thing on these pages that needs a script: asking the browser for a passkey. Without one, codes do. And times are
// told by the reader's clock, which the server does not know: without a script they are days of UTC.
const form = document.querySelector("form[data-passkey], form[data-new-passkey]");
const button = form?.querySelector("button[data-passkey]");
const api = window.PublicKeyCredential;

const send = (credential) => {
  form.elements.credential.value = JSON.stringify(credential.toJSON());
  form.submit();
};

// Asks when the button is pressed, and where the browser can, in the field for the address too.
const signIn = async () => {
  const publicKey = () => api.parseRequestOptionsFromJSON(JSON.parse(form.dataset.passkey));
  let waiting;
  button.addEventListener("click", async () => {
    waiting?.abort();
    button.disabled = true;
    try {
      send(await navigator.credentials.get({ publicKey: publicKey() }));
    } catch {
      // Cancelled, or there is no passkey here: the person chooses how to go on.
      button.disabled = false;
    }
  });
  button.hidden = false;
  const field = form.querySelector("input[autocomplete~=webauthn]");
  if (field && (await api.isConditionalMediationAvailable?.())) {
    waiting = new AbortController();
    try {
      send(await navigator.credentials.get({ publicKey: publicKey(), mediation: "conditional", signal: waiting.signal }));
    } catch {
      // The button was pressed, or the password typed.
    }
  }
};

const make = () => {
  const publicKey = api.parseCreationOptionsFromJSON(JSON.parse(form.dataset.newPasskey));
  button.addEventListener("click", async () => {
    button.disabled = true;
    try {
      send(await navigator.credentials.create({ publicKey }));
    } catch {
      button.disabled = false;
    }
  });
  button.hidden = false;
  button.focus();
};

if (button && form.dataset.passkey && api?.parseRequestOptionsFromJSON) signIn();
if (button && form.dataset.newPasskey && api?.parseCreationOptionsFromJSON) make();

// As the server says days, in the reader's zone.
const tellTimes = () => {
  const language = document.documentElement.lang === "en" ? "en-GB" : document.documentElement.lang;
  const day = (when) => new Date(when.getFullYear(), when.getMonth(), when.getDate());
  const nearby = new Intl.RelativeTimeFormat(language, { numeric: "auto" });
  const said = (when) => {
    const days = Math.round((day(new Date()) - day(when)) / 864e5);
    if (days === 0 || days === 1) return nearby.format(-days, "day");
    return when.toLocaleDateString(language, days > 1 && days < 7 ? { weekday: "long" } : { dateStyle: "long" });
  };
  for (const time of document.querySelectorAll("time")) {
    const when = new Date(time.dateTime);
    time.title = when.toLocaleString(language, { dateStyle: "long", timeStyle: "short" });
    time.textContent = said(when);
  }
};
tellTimes();
