// Every way to sign in: with a provider of single sign-on, whose answer is completed here, with a password or a passkey.
import {
  ask, askCode, attempt, begin, cameFromProvider, element, enter, explain, goToProvider, linkTo, links, prove, title, wayBack,
} from "./session.js";
import { official, officials } from "./official.js";

// Of this tab: whose sign-on it is, the console's or an official's.
const FOR = "onecard-sign-on-for";

const panel = document.getElementById("sign-on");
const pages = document.getElementById("pages");
const invitation = document.getElementById("invitation");
const state = document.getElementById("state");
const query = new URLSearchParams(location.search);
const switcher = document.querySelector("header nav a");
let back = wayBack();

async function showProviders() {
  const providers = await ask("GET", "/console/sign-on");
  const buttons = providers.map((one) => element("button", { type: "button", onclick: () => start(one) }, title(one)));
  document.getElementById("providers").replaceChildren(...buttons);
  panel.hidden = !buttons.length;
}

function start(provider) {
  attempt(panel.querySelector("form"), () => goToProvider(provider.name, back));
}

async function entered() {
  if (back) return location.replace(back);
  panel.hidden = invitation.hidden = true;
  pages.querySelector("nav").replaceChildren(...(await links()));
  pages.hidden = false;
}

function left() {
  pages.hidden = true;
  invitation.hidden = false;
  showProviders();
}

function tell(error) {
  panel.hidden = false;
  state.className = "wrong";
  state.textContent = explain(error);
}

// What the provider gave the browser opens a session.
async function finish(provider, message) {
  let refused = null;
  try {
    await ask("POST", `/console/sign-on/${provider}/completion`, message);
  } catch (error) {
    refused = error;
  }
  await begin({ entered, left }, refused === null || undefined);
  if (refused === null) return;
  if (refused.kind === "second-factor-needed") return askCode(refused.ticket);
  await showProviders();
  tell(refused);
}

// It proves the session that is open.
async function finishProof(provider, message) {
  try {
    await ask("POST", `/console/sign-on/${provider}/proof/completion`, message).catch((error) => {
      if (error.kind !== "second-factor-needed") throw error;
      return prove(error.ticket);
    });
    location.replace(back || "/sign-on");
  } catch (error) {
    tell(error);
  }
}

const provider = location.pathname.split("/")[2];
const message = provider && query.has("code") ? { code: query.get("code"), state: query.get("state") ?? "" } : null;
if (message && query.has("iss")) message.iss = query.get("iss");
// A provider sends everybody back to one address: the tab remembers for whom it was.
if (!message) sessionStorage.setItem(FOR, query.get("for") ?? "");
const holder = official(sessionStorage.getItem(FOR) ?? "");
if (holder) {
  officials(holder, provider, message);
} else if (message) {
  const came = cameFromProvider(provider);
  back = came.back;
  // The code counts once: it is not left in the browser's history.
  history.replaceState(null, "", linkTo("/sign-on", back));
  if (came.proof) begin({ entered: () => finishProof(provider, message), left });
  else finish(provider, message);
} else {
  showProviders();
  begin({ entered, left });
}
switcher.search = `?${new URLSearchParams({ lang: switcher.lang, ...(holder && { for: holder }), ...(back && { back }) })}`;
