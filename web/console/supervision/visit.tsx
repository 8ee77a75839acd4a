/** A visit as it is written down on the spot: what was looked at, photos, and then it is sent, now or later. */

import { useQueryClient } from "@tanstack/react-query";
import { useParams } from "@tanstack/react-router";
import { Alert, Button, Input, Skeleton } from "antd";
import { type FormEvent, useEffect, useRef, useState } from "react";
import { dayOf } from "../../shared/formats.ts";
import { type Act, useActs } from "../acts/acts.ts";
import { type Draft, type Faults, faultsOf } from "../acts/draft.ts";
import { kept } from "../acts/fields.tsx";
import { NotProved, useProof } from "../acts/proof.tsx";
import { send } from "../acts/sending.ts";
import { Refused, Unreachable } from "../centre.ts";
import { linkTo } from "../links.ts";
import { useNames } from "../names.ts";
import { useSession } from "../session.tsx";
import { Trouble } from "../trouble.tsx";
import { forgetVisit, keepVisit, type Photo, type VisitDraft, visitsOf } from "./drafts.ts";
import { drawSmall, NoPhoto, PHOTOS_MAX, shrunk } from "./photos.ts";
import { type Plan, quarterAt, usePlan } from "./plan.ts";
import { say } from "./words.ts";
import "./supervision.css";

const BACK_DAYS = 30;
const SMALL_SIDE = 320;

export function VisitPage() {
  const { canteen } = useParams({ strict: false }) as { canteen: string };
  const acts = useActs();
  const act = acts.data?.find((one) => one.name === "file_inspection");
  const plan = usePlan(quarterAt(Date.now()).year);
  const draft = useKept(Number(canteen));
  if (acts.error) return <Trouble error={acts.error} again={acts.refetch} />;
  if (!acts.data || draft === undefined) return <Skeleton active />;
  if (!act) return <Trouble error={new Error(say("console.error.no_permission"))} />;
  return <Writing key={canteen} act={act} begun={draft} plan={plan.data ?? null} />;
}

function fresh(login: string, canteen: number): VisitDraft {
  const visitedOn = dayOf(Date.now());
  return { login, canteen, requestId: crypto.randomUUID(), visitedOn, lookedAt: "", photos: [] };
}

/** What this device keeps of a visit to the canteen; a fresh one where it keeps none. Undefined while it looks. */
function useKept(canteen: number): VisitDraft | undefined {
  const { login } = useSession();
  const [draft, setDraft] = useState<VisitDraft>();
  useEffect(() => {
    let isGone = false;
    const begin = (all: readonly VisitDraft[]) => {
      if (!isGone) setDraft(all.find((one) => one.canteen === canteen) ?? fresh(login, canteen));
    };
    visitsOf(login).then(begin, () => begin([]));
    return () => {
      isGone = true;
    };
  }, [login, canteen]);
  return draft?.canteen === canteen ? draft : undefined;
}

/** The message, as the form of the act would hold it. */
function filled(draft: VisitDraft, plan: Plan | null): Draft {
  const isDrawn = plan?.drawn.some((one) => one.canteen_id === draft.canteen) ?? false;
  return {
    canteen_id: String(draft.canteen),
    visited_on: draft.visitedOn,
    looked_at: draft.lookedAt,
    plan_year: isDrawn && plan && draft.visitedOn.startsWith(String(plan.year)) ? String(plan.year) : "",
    request_id: draft.requestId,
    files: [],
  };
}

type Step = "writing" | "sending" | "done";

function Writing({ act, begun, plan }: { act: Act; begun: VisitDraft; plan: Plan | null }) {
  const names = useNames();
  const queries = useQueryClient();
  const { dialog, prove } = useProof();
  const [draft, setDraft] = useState(begun);
  const [step, setStep] = useState<Step>("writing");
  const [faults, setFaults] = useState<Faults>(new Map());
  const [error, setError] = useState<Error | null>(null);
  const [isKept, setKept] = useState(true);
  const [filed, setFiled] = useState<number | null>(null);
  const page = useRef<HTMLFormElement>(null);
  const name = names.of("canteen_id", draft.canteen)?.name ?? String(draft.canteen);
  const title = say("console.supervision.inspection_of", { canteen: name });
  useEffect(() => {
    document.title = `${title} · ${say("console.title")}`;
  }, [title]);
  useEffect(() => {
    if (faults.size > 0) page.current?.querySelector<HTMLElement>("[aria-invalid]")?.focus();
  }, [faults]);
  // Photos are read while he writes on.
  const latest = useRef(begun);
  const change = (changes: (now: VisitDraft) => Partial<VisitDraft>) => {
    latest.current = { ...latest.current, ...changes(latest.current) };
    setDraft(latest.current);
    keepVisit(latest.current).then(
      () => setKept(true),
      () => setKept(false),
    );
  };
  const carryOut = async () => {
    const message = filled(draft, plan);
    const found = faultsOf(act, message, {});
    setFaults(found);
    if (found.size > 0) return;
    setStep("sending");
    setError(null);
    try {
      const files = await Promise.all(draft.photos.map((photo) => kept(photo.content, photo.name)));
      const came = await send({ act, draft: { ...message, files }, said: {}, file: null }, prove);
      await forgetVisit(draft);
      setFiled(Number(came.answer.number));
      setStep("done");
      const touched = new Set(["visits", "plan", "visit-drafts", "tasks"]);
      void queries.invalidateQueries({ predicate: ({ queryKey }) => touched.has(String(queryKey[0])) });
    } catch (caught) {
      setError(caught as Error);
      setStep("writing");
      if (caught instanceof Refused && caught.status === 401) void queries.invalidateQueries({ queryKey: ["session"] });
    }
  };
  const submit = (event: FormEvent) => {
    event.preventDefault();
    void carryOut();
  };
  if (step === "done") return <Done title={title} number={filed} canteen={draft.canteen} />;
  const today = dayOf(Date.now());
  const isBusy = step === "sending";
  const isBegun = draft.lookedAt !== "" || draft.photos.length > 0;
  return (
    <>
      <form ref={page} className="act visit" onSubmit={submit} noValidate aria-busy={isBusy}>
        <p>
          <a href={linkTo("/inspections")}>← {say("console.supervision.inspections")}</a>
        </p>
        <h1>{title}</h1>
        {error && <Wrong error={error} />}
        {!isKept && <Alert type="warning" showIcon title={say("console.supervision.not_kept")} />}
        <div className={faults.has("visited_on") ? "field wrong" : "field"}>
          <label htmlFor="visited-on">{say("console.supervision.day")}</label>
          <Input
            id="visited-on"
            type="date"
            size="large"
            min={dayOf(Date.now(), -BACK_DAYS)}
            max={today}
            value={draft.visitedOn}
            aria-invalid={faults.has("visited_on") || undefined}
            onChange={(event) => change(() => ({ visitedOn: event.target.value }))}
          />
          <Fault said={faults.get("visited_on")} />
        </div>
        <div className={faults.has("looked_at") ? "field wrong" : "field"}>
          <label htmlFor="looked-at">{say("console.supervision.looked_at")}</label>
          <Input.TextArea
            id="looked-at"
            size="large"
            rows={6}
            value={draft.lookedAt}
            aria-invalid={faults.has("looked_at") || undefined}
            aria-describedby={faults.has("looked_at") ? "looked-at-fault" : undefined}
            onChange={(event) => change(() => ({ lookedAt: event.target.value }))}
          />
          <Fault said={faults.get("looked_at")} id="looked-at-fault" />
        </div>
        <Photos photos={draft.photos} change={(photosOf) => change(({ photos }) => ({ photos: photosOf(photos) }))} />
        <div className="acts">
          <Button className="touch" type="primary" htmlType="submit" disabled={isBusy} aria-busy={isBusy}>
            {say("console.supervision.file")}
          </Button>
          <small className="hint" role="status">
            {isBusy ? say("console.supervision.sending") : isBegun && isKept && say("console.supervision.kept")}
          </small>
        </div>
      </form>
      {dialog}
    </>
  );
}

function Fault({ said, id }: { said: string | undefined; id?: string }) {
  return said === undefined ? null : (
    <small id={id} className="fault">
      {said}
    </small>
  );
}

function Wrong({ error }: { error: Error }) {
  if (error instanceof NotProved) return <Alert type="info" showIcon title={error.message} />;
  const advice = error instanceof Refused && error.advice;
  const description = error instanceof Unreachable ? say("console.supervision.send_later") : advice;
  return <Alert type="error" showIcon title={error.message} description={description || undefined} />;
}

function Done({ title, number, canteen }: { title: string; number: number | null; canteen: number }) {
  const told = useRef<HTMLDivElement>(null);
  useEffect(() => told.current?.focus(), []);
  return (
    <>
      <h1>{title}</h1>
      <div ref={told} tabIndex={-1}>
        <Alert type="success" showIcon title={say("console.supervision.filed", { number: number ?? "" })} />
      </div>
      <div className="acts large">
        <Button className="touch" type="primary" href={linkTo(`/waste/inspections/${number}`)}>
          {say("console.supervision.see_visit")}
        </Button>
        <Button className="touch" href={linkTo("/inspections")}>
          {say("console.supervision.next_visit")}
        </Button>
        <Button className="touch" href={linkTo("/cases", { canteen_id: canteen })}>
          {say("console.supervision.cases_of")}
        </Button>
      </div>
    </>
  );
}

interface PhotosProps {
  readonly photos: readonly Photo[];
  change(photosOf: (now: readonly Photo[]) => readonly Photo[]): void;
}

function Photos({ photos, change }: PhotosProps) {
  const [isBusy, setBusy] = useState(false);
  const [fault, setFault] = useState("");
  const add = async (input: HTMLInputElement) => {
    const chosen = [...(input.files ?? [])];
    input.value = "";
    const free = PHOTOS_MAX - photos.length;
    setFault(chosen.length > free ? say("console.supervision.too_many", { most: PHOTOS_MAX }) : "");
    setBusy(true);
    const added: Photo[] = [];
    for (const file of chosen.slice(0, free)) {
      try {
        added.push({ name: nameOf(file), content: await shrunk(file) });
      } catch (caught) {
        if (!(caught instanceof NoPhoto)) throw caught;
        setFault(say("console.supervision.no_photo", { name: file.name }));
      }
    }
    setBusy(false);
    if (added.length > 0) change((now) => [...now, ...added]);
  };
  const isFull = photos.length >= PHOTOS_MAX;
  return (
    <fieldset className="entries" aria-busy={isBusy}>
      <legend>{say("console.supervision.photos")}</legend>
      <p className="hint">{say("console.supervision.photos_hint", { most: PHOTOS_MAX })}</p>
      {photos.length > 0 && (
        <ul className="thumbnails">
          {photos.map((photo, at) => (
            <li key={`${photo.name} ${photo.content.size} ${at}`}>
              <Thumbnail photo={photo} label={say("console.supervision.photo", { number: at + 1 })} />
              <Button
                className="touch"
                aria-label={say("console.supervision.remove_photo", { number: at + 1 })}
                onClick={() => change((now) => now.filter((_, other) => other !== at))}
              >
                {say("console.act.remove")}
              </Button>
            </li>
          ))}
        </ul>
      )}
      <div className="acts">
        <label className={isFull ? "pick off" : "pick"}>
          {say("console.supervision.take_photo")}
          <input
            type="file"
            accept="image/*"
            capture="environment"
            disabled={isFull || isBusy}
            onChange={(event) => void add(event.target)}
          />
        </label>
        <label className={isFull ? "pick off" : "pick"}>
          {say("console.supervision.choose_photos")}
          <input
            type="file"
            accept="image/*"
            multiple
            disabled={isFull || isBusy}
            onChange={(event) => void add(event.target)}
          />
        </label>
      </div>
      <p role="status" className={fault ? "fault" : "hint"}>
        {fault || (isBusy ? say("console.supervision.reading") : "")}
      </p>
    </fieldset>
  );
}

const NAME_MAX = 100;

/** The photo's name with the ending of what it has become. */
function nameOf(file: File): string {
  const stem = file.name.replace(/\.\w+$/, "").slice(0, NAME_MAX);
  return `${stem || "photo"}.jpg`;
}

function Thumbnail({ photo, label }: { photo: Photo; label: string }) {
  const place = useRef<HTMLCanvasElement>(null);
  useEffect(() => {
    if (place.current) void drawSmall(place.current, photo.content, SMALL_SIDE);
  }, [photo]);
  return <canvas ref={place} role="img" aria-label={label} />;
}
