/** What is the holder's: purses, visits, cards and phones, consents and data; and how he wants this application to look. */

import { useState } from "preact/hooks";
import { dayAndTime, longDay, yuan } from "../shared/formats.ts";
import { inMine, language } from "../shared/language.ts";
import type { Phone } from "../shared/terminal/phone.ts";
import { LanguageSwitch, ThemeChoice, TypeSwitch } from "./look.tsx";
import { type Consent, type Credential, type Everything, me, useAsked, useChange } from "./me.ts";
import { beginAgain } from "./owner.ts";
import { Answered, Below, Problem, Sure } from "./parts.tsx";
import { TopUpPage } from "./topUp.tsx";
import { Visits } from "./visits.tsx";
import { say } from "./words.ts";

const PAGES = ["top-up", "visits", "credentials", "consents"] as const;
const TITLES = {
  "top-up": "phone.top_up",
  visits: "phone.visits",
  credentials: "phone.credentials",
  consents: "phone.consents",
} as const;

export function Mine({ phone, rest }: { phone: Phone; rest: readonly string[] }) {
  const page = PAGES.find((name) => name === rest[0]);
  if (page === undefined) return <Overview phone={phone} />;
  return (
    <Below to="#mine" back={say("phone.place.mine")} title={say(TITLES[page])}>
      {page === "top-up" && <TopUpPage phone={phone} />}
      {page === "visits" && <Visits phone={phone} host={rest[1] && decodeURIComponent(rest[1])} />}
      {page === "credentials" && (
        <>
          <Credentials phone={phone} />
          <Sessions phone={phone} />
        </>
      )}
      {page === "consents" && <Consents phone={phone} />}
    </Below>
  );
}

function Overview({ phone }: { phone: Phone }) {
  const purses = useAsked("purses", () => me.purses(phone));
  const who = useAsked("who", () => me.who(phone));
  return (
    <>
      {who.known && (
        <p class="about">
          {inMine(who.known.agency_zh, who.known.agency_en)}
          <span>{who.known.name_masked}</span>
        </p>
      )}
      <Answered asked={purses}>
        {({ cash_fen, subsidy_fen, subsidy_lapses_on }) => (
          <dl class="purses">
            <div>
              <dt>{say("phone.purse.cash")}</dt>
              <dd>{say("phone.balance.yuan", { amount: yuan(cash_fen) })}</dd>
            </div>
            <div>
              <dt>{say("phone.purse.subsidy")}</dt>
              <dd>{say("phone.balance.yuan", { amount: yuan(subsidy_fen) })}</dd>
              {subsidy_lapses_on && subsidy_fen > 0 && (
                <dd class="until">{say("phone.purse.until", { day: longDay(subsidy_lapses_on, language) })}</dd>
              )}
            </div>
          </dl>
        )}
      </Answered>
      <ul class="rows places-below">
        {PAGES.map((page) => (
          <li key={page}>
            <a href={`#mine/${page}`}>
              <b>{say(TITLES[page])}</b>
            </a>
          </li>
        ))}
      </ul>
      <h2>{say("phone.look")}</h2>
      <TypeSwitch />
      <ThemeChoice />
      <LanguageSwitch />
      <p class="about">{say("phone.code.until", { at: dayAndTime(phone.expiresAt, language) })}</p>
    </>
  );
}

function Credentials({ phone }: { phone: Phone }) {
  const asked = useAsked("credentials", () => me.credentials(phone));
  return (
    <Answered asked={asked}>
      {(credentials) => (
        <ul class="rows">
          {credentials.map((one) => (
            <CredentialRow key={one.credential_id} phone={phone} one={one} again={asked.again} />
          ))}
        </ul>
      )}
    </Answered>
  );
}

/** Browsers in which the holder is signed on without a phone's key. */
function Sessions({ phone }: { phone: Phone }) {
  const asked = useAsked("sessions", () => me.sessions(phone));
  const { busy, problem, change } = useChange(asked.again);
  if (!asked.known || asked.known.length === 0) return null;
  return (
    <>
      <h3>{say("phone.sessions")}</h3>
      <Problem said={problem} />
      <ul class="rows">
        {asked.known.map((session) => (
          <li key={session.number}>
            <span>
              <b>{say("phone.session")}</b>
              <small>{session.device}</small>
              <small>{say("phone.session.used", { at: dayAndTime(session.last_used_at, language) })}</small>
            </span>
            <button
              type="button"
              class="small"
              disabled={busy}
              onClick={() => change(() => me.endSession(phone, session.number))}
            >
              {say("phone.session.end")}
            </button>
          </li>
        ))}
      </ul>
    </>
  );
}

function CredentialRow({ phone, one, again }: { phone: Phone; one: Credential; again: () => Promise<void> }) {
  const [asking, setAsking] = useState(false);
  const { busy, problem, change } = useChange(async () => {
    setAsking(false);
    if (one.is_asking) beginAgain();
    else await again();
  });
  return (
    <li class="stacked">
      <div class="line">
        <span>
          <b>{say(one.kind === "card" ? "phone.credential.card" : "phone.credential.phone")}</b>
          <small>{say("phone.credential.issued", { at: dayAndTime(one.issued_at, language) })}</small>
          {one.is_asking && <small>{say("phone.credential.this")}</small>}
        </span>
        {one.state === "active" ? (
          <button type="button" class="small danger" aria-expanded={asking} onClick={() => setAsking(!asking)}>
            {say("phone.loss")}
          </button>
        ) : (
          <b class="danger">{say("phone.credential.blocked")}</b>
        )}
      </div>
      <Problem said={problem} />
      {asking && (
        <Sure
          sure={say(one.is_asking ? "phone.loss.this" : "phone.loss.sure")}
          act={say("phone.loss.do")}
          busy={busy}
          yes={() => change(() => me.loss(phone, one.credential_id, say("phone.loss.reason")))}
          no={() => setAsking(false)}
        />
      )}
    </li>
  );
}

function Consents({ phone }: { phone: Phone }) {
  const asked = useAsked("consents", () => me.consents(phone));
  return (
    <Answered asked={asked}>
      {({ consents, processing }) => (
        <>
          {consents.map((consent) => (
            <ConsentRow key={consent.purpose} phone={phone} consent={consent} again={asked.again} />
          ))}
          <h3>{say("phone.consents.without")}</h3>
          <ul class="plainly">
            {processing.map(({ name, text_zh, text_en }) => (
              <li key={name}>{inMine(text_zh, text_en)}</li>
            ))}
          </ul>
          <Copy phone={phone} />
        </>
      )}
    </Answered>
  );
}

function ConsentRow({ phone, consent, again }: { phone: Phone; consent: Consent; again: () => Promise<void> }) {
  const [wanted, setWanted] = useState(consent.given);
  const { busy, problem, change } = useChange(again);
  const decide = (given: boolean) => {
    setWanted(given);
    return change(() => me.decide(phone, consent.purpose, { given, version: consent.version }));
  };
  return (
    <label class="consent">
      <input
        type="checkbox"
        checked={problem === "" ? wanted : consent.given}
        disabled={busy}
        onChange={(event) => decide(event.currentTarget.checked)}
      />
      <span>{inMine(consent.text_zh, consent.text_en)}</span>
      <Problem said={problem} />
    </label>
  );
}

/** All that is kept of the holder: asked for once, then kept as files for people and for programs. */
function Copy({ phone }: { phone: Phone }) {
  const [all, setAll] = useState<Everything | null>(null);
  const [saved, setSaved] = useState("");
  const { busy, problem, change } = useChange(async () => undefined);
  const ask = async () => setAll(await me.all(phone));
  const save = (name: string, type: string, content: string) => {
    const link = document.createElement("a");
    link.href = URL.createObjectURL(new Blob([content], { type }));
    link.download = name;
    link.click();
    URL.revokeObjectURL(link.href);
    setSaved(name);
  };
  if (all === null) {
    return (
      <>
        <Problem said={problem} />
        <button type="button" class="plain" disabled={busy} onClick={() => change(ask)}>
          {say(busy ? "phone.asking" : "phone.copy")}
        </button>
      </>
    );
  }
  const read = async () => save("onecard.html", "text/html", (await import("./copy.ts")).readable(all));
  return (
    <section class="notice" aria-label={say("phone.copy")}>
      <p>{say("phone.copy.ready")}</p>
      <Problem said={problem} />
      <button type="button" class="plain" onClick={() => change(read)}>
        {say("phone.copy.readable")}
      </button>
      <button
        type="button"
        class="plain"
        onClick={() => save("onecard.json", "application/json", JSON.stringify(all, null, 1))}
      >
        {say("phone.copy.data")}
      </button>
      <p role="status" class={saved === "" ? "" : "done"}>
        {saved !== "" && say("phone.copy.saved", { name: saved })}
      </p>
    </section>
  );
}
