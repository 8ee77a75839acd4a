/** Visits: those that my agency registered, and a form for one that waits until my agency has confirmed it. */

import { useRef, useState } from "preact/hooks";
import { dayOf, weekday } from "../shared/formats.ts";
import { inMine, language } from "../shared/language.ts";
import type { Phone } from "../shared/terminal/phone.ts";
import { me, type NewVisit, type Place, useAsked, useChange, type Visit } from "./me.ts";
import { Answered, Problem, Sure } from "./parts.tsx";
import { say } from "./words.ts";

const CANTEENS_FOUND = 30;
const DAYS_AHEAD = 90;

/** `host`: words by which the form looks for the host at once; none: it is shown when asked for. */
export function Visits({ phone, host }: { phone: Phone; host: string | undefined }) {
  const asked = useAsked("visits", () => me.visits(phone));
  const [isAdding, setAdding] = useState(host !== undefined);
  const done = async () => {
    setAdding(false);
    await asked.again();
  };
  return (
    <>
      {isAdding ? (
        <NewVisitForm phone={phone} host={host ?? ""} done={done} />
      ) : (
        <button type="button" class="plain" onClick={() => setAdding(true)}>
          {say("phone.visits.add")}
        </button>
      )}
      <Answered asked={asked}>
        {(known) => {
          const visits = known.filter(({ state }) => state !== "withdrawn");
          return visits.length === 0 ? (
            <p class="notice">{say("phone.visits.none")}</p>
          ) : (
            <ul class="rows">
              {visits.map((visit) => (
                <VisitRow key={visit.visit_id ?? visit.request_id} phone={phone} visit={visit} again={asked.again} />
              ))}
            </ul>
          );
        }}
      </Answered>
    </>
  );
}

function VisitRow({ phone, visit, again }: { phone: Phone; visit: Visit; again: () => Promise<void> }) {
  const [asking, setAsking] = useState(false);
  const { busy, problem, change } = useChange(async () => {
    setAsking(false);
    await again();
  });
  const requestId = visit.state === "waiting" ? visit.request_id : null;
  const ending = endingOf(visit);
  return (
    <li class="stacked">
      <div class="line">
        <span>
          <b>{inMine(visit.host_zh, visit.host_en)}</b>
          <small>
            {weekday(visit.first_day, language)} – {weekday(visit.last_day, language)}
          </small>
          {visit.reason && <small>{visit.reason}</small>}
          {visit.working_meal_had && <small>{say("phone.visits.meal_had")}</small>}
          {visit.state === "waiting" && <small>{say("phone.visits.waits")}</small>}
          {visit.answer && <small class="danger">{say("phone.visits.because", { reason: visit.answer })}</small>}
        </span>
        <b class={COLOURS[visit.state] ?? ""}>{say(`phone.visits.${visit.state}`)}</b>
      </div>
      <Problem said={problem} />
      {requestId && (
        <button
          type="button"
          class="small"
          disabled={busy}
          onClick={() => change(() => me.withdrawVisit(phone, requestId))}
        >
          {say("phone.visits.withdraw")}
        </button>
      )}
      {ending && !asking && (
        <button type="button" class="small" onClick={() => setAsking(true)}>
          {say(ending.act)}
        </button>
      )}
      {ending && asking && (
        <Sure
          sure={say(ending.sure)}
          act={say(ending.act)}
          busy={busy}
          yes={() => change(() => me.endVisit(phone, ending.visitId))}
          no={() => setAsking(false)}
        />
      )}
    </li>
  );
}

/** How a visit that my agency has confirmed is ended now; null where there is nothing to end. */
function endingOf({ visit_id, state, last_day }: Visit) {
  if (visit_id === null) return null;
  if (state === "to_come") {
    return { visitId: visit_id, act: "phone.visits.cancel", sure: "phone.visits.cancel.sure" } as const;
  }
  if (state === "now" && last_day > dayOf(Date.now())) {
    return { visitId: visit_id, act: "phone.visits.end", sure: "phone.visits.end.sure" } as const;
  }
  return null;
}

const COLOURS: Readonly<Partial<Record<Visit["state"], string>>> = { now: "in", waiting: "warning", refused: "danger" };

function NewVisitForm({ phone, host, done }: { phone: Phone; host: string; done: () => Promise<void> }) {
  const { busy, problem, change } = useChange(done);
  const [name, setName] = useState(host);
  const number = useRequestId();
  const submit = (event: SubmitEvent) => {
    event.preventDefault();
    const form = new FormData(event.currentTarget as HTMLFormElement);
    const given = (field: string) => String(form.get(field) ?? "").trim();
    const wanted = {
      host_agency_id: Number(given("host")),
      first_day: given("first_day"),
      last_day: given("last_day"),
      reason: given("reason"),
    };
    return change(() => me.registerVisit(phone, { request_id: number(wanted), ...wanted }));
  };
  return (
    <section aria-labelledby="new-visit">
      <h3 id="new-visit">{say("phone.visits.add")}</h3>
      <p>{say("phone.visits.intro")}</p>
      <search>
        <form
          class="search"
          onSubmit={(event) => {
            event.preventDefault();
            setName(String(new FormData(event.currentTarget).get("name")).trim());
          }}
        >
          <input
            type="search"
            name="name"
            value={host}
            aria-label={say("phone.visits.host")}
            placeholder={say("phone.visits.host")}
          />
          <button type="submit" class="plain">
            {say("phone.eat.find")}
          </button>
        </form>
      </search>
      <form onSubmit={submit}>
        {name !== "" && <Hosts phone={phone} name={name} />}
        <Day name="first_day" label={say("phone.visits.first_day")} />
        <Day name="last_day" label={say("phone.visits.last_day")} />
        <label>
          {say("phone.visits.reason")}
          <input name="reason" maxLength={100} autocomplete="off" required />
        </label>
        <Problem said={problem} />
        <button type="submit" class="primary" disabled={busy || name === ""}>
          {say("phone.visits.send")}
        </button>
      </form>
    </section>
  );
}

function Day({ name, label }: { name: string; label: string }) {
  const today = Date.now();
  const last = name === "first_day" ? { max: dayOf(today, DAYS_AHEAD) } : {};
  return (
    <label>
      {label}
      <input type="date" name={name} min={dayOf(today)} {...last} required />
    </label>
  );
}

/** The agencies of the canteens that are found by some words, without my own. */
function Hosts({ phone, name }: { phone: Phone; name: string }) {
  const who = useAsked("who", () => me.who(phone));
  const query = { name, limit: CANTEENS_FOUND };
  const places = useAsked(`canteens ${JSON.stringify(query)}`, () => me.canteens(phone, query));
  return (
    <Answered asked={places}>
      {(known) => {
        const hosts = hostsOf(known, who.known?.agency_id);
        if (hosts.length === 0) return <p class="notice">{say("phone.visits.no_host")}</p>;
        return (
          <fieldset class="stacked">
            <legend>{say("phone.visits.which_host")}</legend>
            {hosts.map((one) => (
              <label key={one.agency_id}>
                <input type="radio" name="host" value={one.agency_id} defaultChecked={hosts.length === 1} required />
                {inMine(one.agency_zh, one.agency_en)}
              </label>
            ))}
          </fieldset>
        );
      }}
    </Answered>
  );
}

function hostsOf(places: readonly Place[], own: number | undefined): Place[] {
  const found = new Map(places.map((place) => [place.agency_id, place]));
  return [...found.values()].filter(({ agency_id }) => agency_id !== own);
}

/** One number for what is sent, also when it is sent again because no answer came; another one once it was changed. */
function useRequestId(): (wanted: Omit<NewVisit, "request_id">) => string {
  const kept = useRef({ content: "", number: "" });
  return (wanted) => {
    const content = JSON.stringify(wanted);
    if (kept.current.content !== content) kept.current = { content, number: crypto.randomUUID() };
    return kept.current.number;
  };
}
