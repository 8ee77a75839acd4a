/** The steps of a cycle in a line, each with when it was done, or how far it is. */

import type { components } from "../../shared/api/schema.ts";
import { dayAndTime } from "../../shared/formats.ts";
import { language } from "../../shared/language.ts";
import { say } from "./words.ts";

export type Cycle = components["schemas"]["ListedCycle"];
export type Leg = components["schemas"]["LegInfo"];
export type OpenDay = components["schemas"]["OpenDay"];

const STEPS = ["closing", "closed", "netted", "published", "settled"] as const;
type Step = (typeof STEPS)[number];

interface Props {
  readonly cycle: Cycle;
  readonly legs: readonly Leg[];
  readonly openDays: readonly OpenDay[];
}

export function Steps({ cycle, legs, openDays }: Props) {
  const reached = STEPS.indexOf(cycle.state as Step);
  const closed = openDays.filter((book) => book.business_date > cycle.business_date).length;
  const settled = legs.filter((leg) => leg.state === "settled").length;
  const progress: Readonly<Partial<Record<Step, readonly [number, number]>>> = {
    closed: [closed, openDays.length],
    settled: [settled, legs.length],
  };
  return (
    <ol className="steps" aria-label={say("console.night.steps")}>
      {STEPS.map((step, at) => {
        const when = cycle[`${step}_at`];
        const [done, of] = progress[step] ?? [0, 0];
        const isNext = at === reached + 1;
        const state = at <= reached ? "done" : isNext ? "next" : "later";
        return (
          <li key={step} className={state} aria-current={isNext ? "step" : undefined}>
            <span aria-hidden="true">{at <= reached ? "✓" : at + 1}</span>
            <strong>{say(`console.night.step.${step}`)}</strong>
            <small>
              {at <= reached && when
                ? dayAndTime(when, language)
                : say(isNext ? "console.night.next" : "console.night.later")}
              {at > reached && of > 0 && ` · ${done} / ${of}`}
            </small>
            {isNext && of > 0 && (
              <progress value={done} max={of} aria-label={say(`console.night.step.${step}`)}>
                {done} / {of}
              </progress>
            )}
          </li>
        );
      })}
    </ol>
  );
}
