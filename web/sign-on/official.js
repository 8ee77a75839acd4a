// Officials sign on for their own things alone ("/sign-on?for=me"): a session of its own, with nothing of the console.
import { attempt, element, explain, hasSession, say, send, title } from "./session.js";

/** Whom `?for=` names, and where the browser goes once he is signed on. */
const NEXT = { me: null, phone: "/phone/#signed-on" };

/** The name, when it is one of an official's ways; else null. */
export const official = (name) => (Object.hasOwn(NEXT, name) ? name : null);

const pageFor = (name) => `/sign-on?for=${name}`;
const panel = document.getElementById("sign-on");
const form = panel.querySelector("form");
const choice = document.getElementById("providers");
const state = document.getElementById("state");

async function showProviders() {
  const providers = await send("GET", "/console/sign-on");
  const start = (name) => attempt(form, async () => location.assign((await send("POST", `/me/sign-on/${name}`)).url));
  choice.replaceChildren(
    ...providers.map((one) => element("button", { type: "button", onclick: () => start(one.name) }, title(one))),
  );
}

function showWho(name, me) {
  const leave = () => attempt(form, async () => {
    await send("DELETE", "/me/session", undefined, { "x-csrf-token": me.csrf_token });
    location.assign(pageFor(name));
  });
  const agency = document.documentElement.lang === "en" ? me.agency_en : me.agency_zh;
  state.textContent = say("onecard.sign_in.official", { agency, holder_id: me.holder_id });
  choice.replaceChildren(
    element("a", { href: NEXT.phone, "data-said": "onecard.sign_in.make_phone" }),
    element("a", { href: "/me/export", "data-said": "onecard.sign_in.export" }),
    element("button", { type: "button", "data-said": "onecard.sign_in.sign_out", onclick: leave }),
  );
}

/**
 * Show who is signed on, or where to sign on; with what a provider has sent back, complete it first. Nobody is asked for
 * where the browser has no session.
 */
export async function officials(name, provider, message) {
  panel.hidden = false;
  for (const other of ["session", "invitation"]) document.getElementById(other).hidden = true;
  history.replaceState(null, "", pageFor(name));
  try {
    if (message) await send("POST", `/me/sign-on/${provider}/completion`, message);
    // A phone is made after a sign-on of now, not in a session that is open.
    else if (NEXT[name] || !hasSession("official")) return await showProviders();
    const me = await send("GET", "/me");
    if (NEXT[name]) location.replace(NEXT[name]);
    else showWho(name, me);
  } catch (error) {
    await showProviders();
    if (error.status === 401 && !message) return;
    state.className = "wrong";
    state.textContent = explain(error);
  }
}
