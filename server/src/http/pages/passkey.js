// What needs a script on these pages: asking the browser for a passkey, and times in the reader's zone. Without it codes
// do, and times are UTC.
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

const language = document.documentElement.lang;
for (const time of document.querySelectorAll("time[datetime]")) {
  const at = new Date(time.dateTime);
  const age = Date.now() - at;
  const recent = age >= 0 && age < 6 * 86_400_000;
  const style = recent ? { weekday: "long", hour: "numeric", minute: "2-digit" } : { dateStyle: "long" };
  time.textContent = new Intl.DateTimeFormat(language, style).format(at);
  time.title = new Intl.DateTimeFormat(language, { dateStyle: "full", timeStyle: "long" }).format(at);
}
