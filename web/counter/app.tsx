/** Big type for who stands behind a counter: the latest payment, those before it, and loudly that it is cut off. */

import { useEffect, useRef, useState } from "preact/hooks";
import { Band } from "../shared/band.tsx";
import { clock, clockWithSeconds, yuan } from "../shared/formats.ts";
import { changeLanguage, heading, inMine, language, otherLanguage, tag } from "../shared/language.ts";
import { isAudible, play } from "../shared/sounds.ts";
import type { Minute } from "../shared/terminal/sheetPayments.ts";
import { useNow } from "../shared/useNow.ts";
import { useWakeLock } from "../shared/wakeLock.ts";
import { follow, type Payment, type Told } from "./display.ts";
import { mealWord, say } from "./words.ts";

/** How long the latest payment is shown as new, and when it is so old that nobody must take it for the next diner's. */
const NEW_FOR_S = 8;
const PAST_AFTER_S = 60;

const SOUNDS_KEY = "counter sounds";

export function App({ opening }: { opening: Promise<"open" | "refused" | "away"> }) {
  const [told, setTold] = useState<Told | null>(null);
  // A change of the language loads the page anew: what was turned on stays on.
  const [sounds, setSounds] = useState(() => localStorage.getItem(SOUNDS_KEY) === "on");
  const turn = () => {
    // Where the browser keeps the page silent, this press has ended that.
    const on = !sounds || !isAudible();
    localStorage.setItem(SOUNDS_KEY, on ? "on" : "off");
    setSounds(on);
    if (on) play("good");
  };
  useWakeLock();
  useEffect(() => {
    const stop = new AbortController();
    void opening.then((outcome) => {
      if (outcome === "refused") setTold({ link: "refused", shown: null, minute: null, heardAt: null });
      else follow(setTold, stop.signal);
    });
    return () => stop.abort();
  }, [opening]);
  useAnnouncement(told, sounds);
  if (told === null || told.link === "opening") return <Alone text={say("counter.opening")} />;
  if (told.link === "refused") return <Alone text={say("counter.refused")} isWrong />;
  return (
    <>
      <Bar told={told} sounds={sounds} turn={turn} />
      {told.link === "cut_off" && <CutOff since={told.heardAt} />}
      <Shown told={told} />
    </>
  );
}

function Alone({ text, isWrong = false }: { text: string; isWrong?: boolean }) {
  return (
    <main class="alone">
      <p role={isWrong ? "alert" : "status"} class={isWrong ? "danger" : ""}>
        {text}
      </p>
    </main>
  );
}

function Bar({ told, sounds, turn }: { told: Told; sounds: boolean; turn: () => void }) {
  const now = useNow();
  return (
    <header>
      <h1>{told.shown ? inMine(told.shown.canteen_zh, told.shown.canteen_en) : say("counter.title")}</h1>
      <button type="button" aria-pressed={sounds} onClick={turn}>
        {say(!sounds ? "counter.sound.off" : isAudible() ? "counter.sound.on" : "counter.sound.blocked")}
      </button>
      <button type="button" lang={otherLanguage} onClick={changeLanguage}>
        {otherLanguage === "en" ? "English" : "中文"}
      </button>
      <p class="clock">{clockWithSeconds(now, language)}</p>
    </header>
  );
}

/** Whoever shows a proof screen now has nothing here to compare it with: it must not be overlooked. */
function CutOff({ since }: { since: number | null }) {
  return (
    <section class="cut-off" role="alert">
      <b>✕ {say("counter.cut_off")}</b>
      <p>
        {since === null
          ? say("counter.cut_off.never")
          : say("counter.cut_off.since", { at: clock(since / 1000, language) })}
      </p>
    </section>
  );
}

function Shown({ told }: { told: Told }) {
  const now = useNow();
  const [latest, ...before] = told.shown?.payments ?? [];
  const isCutOff = told.link === "cut_off";
  return (
    <main class={isCutOff ? "old" : ""}>
      {!isCutOff && told.minute && <MinuteShown minute={told.minute} now={now} />}
      {latest ? (
        <section class={`latest ${ageOf(latest, now)} ${latest.voided ? "voided" : ""}`} aria-live="polite">
          <p class="what">
            {ageOf(latest, now) === "past" && `${say("counter.past")} · `}
            {latest.voided ? `↺ ${say("counter.voided")}` : `✓ ${say("counter.paid")}`} ·{" "}
            {heading(mealWord(latest.meal))}
          </p>
          <p class="big">¥ {yuan(latest.amount_fen)}</p>
          <p class="whose">
            {clockWithSeconds(latest.paid_at, language)} · {latest.short_number}
          </p>
        </section>
      ) : (
        <p class="none">{say("counter.none")}</p>
      )}
      <ol>
        {before.map((payment) => (
          <li key={payment.short_number} class={payment.voided ? "voided" : ""}>
            <span>{clockWithSeconds(payment.paid_at, language)}</span>
            <span>
              {heading(mealWord(payment.meal))}
              {payment.voided && ` · ↺ ${say("counter.voided")}`}
            </span>
            <span>{payment.short_number}</span>
            <b>{yuan(payment.amount_fen)}</b>
          </li>
        ))}
      </ol>
    </main>
  );
}

function ageOf({ paid_at }: Payment, now: number): "new" | "recent" | "past" {
  const ageS = now - Date.parse(paid_at) / 1000;
  return ageS < NEW_FOR_S ? "new" : ageS < PAST_AFTER_S ? "recent" : "past";
}

/** The same as on a traveller's proof screen in this minute. */
function MinuteShown({ minute, now }: { minute: Minute; now: number }) {
  if (now > minute.until + 2) return null;
  return (
    <section class="minute">
      <Band minute={minute} />
      <p>
        <small>{say("counter.word")}</small> <b>{inMine(minute.word_zh, minute.word_en)}</b>
      </p>
    </section>
  );
}

/** A new payment sounds, and is said where the browser can; what was there before is not. */
function useAnnouncement(told: Told | null, sounds: boolean): void {
  const known = useRef<ReadonlySet<string> | null>(null);
  const link = told?.link;
  useEffect(() => {
    if (!sounds) return;
    if (link === "cut_off") play("refused");
  }, [link, sounds]);
  useEffect(() => {
    const payments = told?.shown?.payments;
    if (!payments) return;
    const before = known.current;
    known.current = new Set(payments.map(({ short_number }) => short_number));
    if (before === null || !sounds) return;
    for (const payment of [...payments].reverse()) if (!before.has(payment.short_number)) announce(payment);
  }, [told?.shown, sounds]);
}

function announce(payment: Payment): void {
  play("good");
  if (!("speechSynthesis" in window)) return;
  const said = new SpeechSynthesisUtterance(say("counter.said", { amount: yuan(payment.amount_fen) }));
  said.lang = tag;
  speechSynthesis.speak(said);
}
