/** How this browser becomes a phone: by the number and code of an agency, or by single sign-on. */

import { useEffect, useState } from "preact/hooks";
import type { components } from "../shared/api/schema.ts";
import { inMine, tag } from "../shared/language.ts";
import { Rejected } from "../shared/terminal/answers.ts";
import type { KeyAlgorithm } from "../shared/terminal/keys.ts";
import { Phone, type PhoneSetup } from "../shared/terminal/phone.ts";
import { activationOf, SIGNED_ON } from "./address.ts";
import { LanguageSwitch, TypeSwitch } from "./look.tsx";
import { explained, me, useChange, type Who } from "./me.ts";
import { beginAgain } from "./owner.ts";
import { Problem } from "./parts.tsx";
import { say } from "./words.ts";

interface Given {
  readonly setup: PhoneSetup;
  /** Whether this browser is somebody's phone already: a link may come from anybody. */
  readonly isAnew: boolean;
}

export function Activation({ setup, isAnew }: Given) {
  const [given] = useState(() => activationOf(location.hash));
  const [isSignedOn] = useState(location.hash === SIGNED_ON);
  const [busy, setBusy] = useState(false);
  const [problem, setProblem] = useState("");
  const [redeemed, setRedeemed] = useState<Redeemed | null>(null);
  // A code that was refused is not left in the history.
  useEffect(() => history.replaceState(null, "", `${location.pathname}${location.search}#activate`), []);
  const activate = async (codeOf: () => Promise<readonly [number, string]>) => {
    setBusy(true);
    try {
      const [number, code] = await codeOf();
      const phone = await Phone.redeem({ ...setup, algorithm: await bestAlgorithm() }, number, code);
      setRedeemed({ phone, who: await me.who(phone) });
    } catch (error) {
      setProblem(whyNot(error));
    }
    setBusy(false);
  };
  if (redeemed) return <Whose {...redeemed} isAnew={isAnew} no={() => setRedeemed(null)} />;
  const typed = (event: SubmitEvent) => {
    event.preventDefault();
    const form = new FormData(event.currentTarget as HTMLFormElement);
    const code = String(form.get("code")).replace(/[\s-]/g, "").toUpperCase();
    void activate(async () => [Number(String(form.get("number")).trim()), code]);
  };
  return (
    <main class="activation">
      <h1>{say("phone.title")}</h1>
      {isAnew && (
        <p class="notice danger">
          {say("phone.activate.anew")} <a href="#pay">{say("phone.activate.keep")}</a>
        </p>
      )}
      <Problem said={problem} />
      {isSignedOn ? (
        <>
          <SignedOn />
          <button type="button" class="primary" disabled={busy} onClick={() => activate(codeOfSession)}>
            {say(busy ? "phone.activate.busy" : "phone.activate.do")}
          </button>
        </>
      ) : (
        <>
          <p>{say("phone.activate.intro")}</p>
          <form onSubmit={typed}>
            <label>
              {say("phone.activate.number")}
              <input name="number" inputMode="numeric" autocomplete="off" required defaultValue={given?.number ?? ""} />
            </label>
            <label>
              {say("phone.activate.code")}
              <input
                name="code"
                autocomplete="one-time-code"
                autocapitalize="characters"
                spellcheck={false}
                required
                defaultValue={given?.code ?? ""}
              />
            </label>
            <button type="submit" class="primary" disabled={busy}>
              {say(busy ? "phone.activate.busy" : "phone.activate.do")}
            </button>
          </form>
          <Providers />
        </>
      )}
      <div class="two">
        <TypeSwitch />
        <LanguageSwitch />
      </div>
    </main>
  );
}

function whyNot(error: unknown): string {
  if (error instanceof RangeError) return say("phone.activate.form");
  if (error instanceof Rejected && error.slug === "enrolment-refused") return say("phone.activate.refused");
  return explained(error);
}

/** Who has signed on in this browser. */
function SignedOn() {
  const [who, setWho] = useState<Who | null>(null);
  useEffect(() => {
    api().then(
      async (centre) => setWho((await centre.GET("/me")).data ?? null),
      () => undefined,
    );
  }, []);
  return (
    <section class="tile due">
      <small>{say("phone.activate.signed_on")}</small>
      <b class="whose">{who?.name_masked ?? "…"}</b>
      <small>{who && inMine(who.agency_zh, who.agency_en)}</small>
    </section>
  );
}

interface Redeemed {
  readonly phone: Phone;
  readonly who: Who;
}

/** Whose phone this becomes, before it does: a link may come from a stranger, who would be paid what is topped up. */
function Whose({ phone, who, isAnew, no }: Redeemed & { isAnew: boolean; no: () => void }) {
  // Who is somebody else leaves no certificate behind that pays; the agency gives its owner another one.
  const { busy, problem, change } = useChange(async () => (isAnew ? location.assign("#pay") : no()));
  const decline = () => change(() => me.loss(phone, phone.credentialId, say("phone.activate.declined")));
  return (
    <main class="activation">
      <h1>{say("phone.activate.whose")}</h1>
      <section class="tile due">
        <small>{inMine(who.agency_zh, who.agency_en)}</small>
        <b class="whose">{who.name_masked}</b>
        <small>{say("phone.activate.holder", { number: String(who.holder_id) })}</small>
      </section>
      <p>{say("phone.activate.check")}</p>
      <Problem said={problem} />
      <button type="button" class="primary" disabled={busy} onClick={() => phone.keep().then(beginAgain)}>
        {say("phone.activate.yes")}
      </button>
      <button type="button" class="plain" disabled={busy} onClick={decline}>
        {say(isAnew ? "phone.activate.no_keep" : "phone.activate.no")}
      </button>
      <p class="about">{say("phone.activate.no.next")}</p>
    </main>
  );
}

type Provider = components["schemas"]["ProviderShown"];

/** Single sign-on, where the centre has providers. */
function Providers() {
  const [providers, setProviders] = useState<readonly Provider[]>([]);
  useEffect(() => {
    api().then(
      async (centre) => setProviders((await centre.GET("/console/sign-on")).data ?? []),
      () => undefined,
    );
  }, []);
  if (providers.length === 0) return null;
  return (
    <p>
      <a class="plain" href={`/sign-on?for=phone&lang=${tag}`}>
        {say("phone.activate.sign_on", {
          provider: providers.map((one) => inMine(one.title_zh, one.title_en)).join(" / "),
        })}
      </a>
    </p>
  );
}

/** Read on demand: who has a phone already needs it no more. */
async function api() {
  const { centre } = await import("../shared/api/client.ts");
  return centre(location.origin, { "accept-language": tag });
}

/** A code for the official of this browser's session; the session has done its work with it. */
async function codeOfSession(): Promise<readonly [number, string]> {
  const centre = await api();
  const token = (await centre.GET("/me")).data?.csrf_token ?? "";
  const headers = { "x-csrf-token": token };
  const made = await centre.POST("/me/phone-activations", { headers });
  if (made.data === undefined) throw new Error(made.error?.detail ?? say("phone.refused"));
  await centre.DELETE("/me/session", { headers });
  return [made.data.activation_id, made.data.code];
}

/** Ed25519 where this browser has it, else ECDSA: web views of older work apps. */
async function bestAlgorithm(): Promise<KeyAlgorithm> {
  try {
    await crypto.subtle.generateKey("Ed25519", false, ["sign", "verify"]);
    return "ed25519";
  } catch {
    return "ecdsa-p256-sha256";
  }
}
