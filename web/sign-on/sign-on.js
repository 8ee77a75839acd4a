// Single sign-on: lists the providers, sends the browser to one, and completes what it brings back. For people at the
// console, or with "?for=me" for officials, who see their own things alone.
const texts = document.body.dataset;
const language = document.documentElement.lang;
const state = document.getElementById("state");
const second = document.getElementById("second");
const signOut = document.getElementById("sign-out");

const asked = new URLSearchParams(location.search);
// The provider sends everybody back to one address: the tab remembers for whom it was.
if (!asked.has("code")) sessionStorage.setItem("sign-on-for", asked.get("for") === "me" ? "me" : "console");
const isOfficial = sessionStorage.getItem("sign-on-for") === "me";
const page = isOfficial ? "/sign-on?for=me" : "/sign-on";
const signOn = isOfficial ? "/me/sign-on" : "/console/sign-on";
const who = isOfficial ? "/me" : "/console/sessions/current";
const session = isOfficial ? "/me/session" : "/console/sessions/current";

function tell(text, wrong = false) {
  state.textContent = text;
  state.className = wrong ? "wrong" : "";
}

async function ask(method, path, message, more = {}) {
  const headers = { "accept-language": language, ...more };
  if (message) headers["content-type"] = "application/json";
  const answer = await fetch(path, { method, headers, body: message && JSON.stringify(message) });
  return { status: answer.status, body: answer.status === 204 ? {} : await answer.json() };
}

async function attempt(work) {
  try {
    await work();
  } catch {
    tell(texts.unreachable, true);
  }
}

async function showWho() {
  const { status, body } = await ask("GET", who);
  if (status !== 200) return showProviders(texts.nobody);
  tell(`${texts.signedIn} ${body.login ?? body.holder_id}`);
  signOut.hidden = false;
  signOut.onclick = () => attempt(async () => {
    await ask("DELETE", session, undefined, { "x-csrf-token": body.csrf_token });
    location.assign(page);
  });
}

async function showProviders(text) {
  tell(text);
  const { body } = await ask("GET", "/console/sign-on");
  for (const provider of body) {
    const button = document.createElement("button");
    button.textContent = language.startsWith("zh") ? provider.title_zh : provider.title_en;
    button.onclick = () => attempt(() => start(provider.name));
    document.getElementById("providers").append(button);
  }
}

async function start(name) {
  const { status, body } = await ask("POST", `${signOn}/${name}`);
  if (status === 200) location.assign(body.url);
  else tell(body.detail, true);
}

async function finish(answer) {
  if (answer.body.ticket) {
    tell(texts.code);
    second.hidden = false;
    second.onsubmit = (event) => {
      event.preventDefault();
      const message = { ticket: answer.body.ticket, code: second.elements.code.value, cookie: true };
      attempt(async () => {
        const entered = await ask("POST", "/console/sessions/second-factor", message);
        if (entered.status === 201) location.replace("/sign-on");
        else tell(entered.body.detail, true);
      });
    };
  } else if (answer.status === 201) {
    location.replace(page);
  } else {
    await showProviders("");
    tell(answer.body.detail, true);
  }
}

const provider = location.pathname.split("/")[2];
attempt(async () => {
  if (!provider || !asked.has("code")) return showWho();
  // The code counts once: it is not left in the browser's history.
  history.replaceState(null, "", page);
  const message = { code: asked.get("code"), state: asked.get("state") ?? "" };
  if (asked.has("iss")) message.iss = asked.get("iss");
  await finish(await ask("POST", `${signOn}/${provider}/completion`, message));
});
