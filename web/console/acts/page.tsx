/** A change: asked for, looked at once more, sent, and what came of it. */

import { useQuery, useQueryClient } from "@tanstack/react-query";
import { useParams } from "@tanstack/react-router";
import { Alert, Button, Skeleton } from "antd";
import { type FormEvent, useEffect, useRef, useState } from "react";
import { centre, held, Refused, Unreachable } from "../centre.ts";
import { linkTo } from "../links.ts";
import { type List, type Row, readRow, useLists } from "../lists/lists.ts";
import { useSession } from "../session.tsx";
import { Trouble } from "../trouble.tsx";
import { say } from "../words.ts";
import { type Act, fits, useActs } from "./acts.ts";
import { begin, type Draft, type Faults, faultsOf, type Said } from "./draft.ts";
import { askedOf, Fields } from "./fields.tsx";
import { forgetDraft, keepDraft, keptDraft, placeOf } from "./kept.ts";
import { NotProved, useProof } from "./proof.tsx";
import { type Outcome, send } from "./sending.ts";
import { Answer, download, Facts, Reviewed } from "./shown.tsx";

/** The act that the address names, with its row. */
export function ActPage() {
  const { name, _splat = "" } = useParams({ strict: false }) as { name: string; _splat?: string };
  const acts = useActs();
  const lists = useLists();
  const act = acts.data?.find((one) => one.name === name);
  const list = lists.data?.find((one) => one.path === act?.place);
  const key = _splat === "" ? [] : _splat.split("/").map(decodeURIComponent);
  const row = useQuery({
    queryKey: ["row", list?.path, key],
    // Somebody else may have changed it a moment ago: an act is for the row as it is now.
    staleTime: 0,
    enabled: list !== undefined && key.length > 0,
    queryFn: () => readRow(list as List, key),
  });
  const standing = useStanding(act, row.data);
  const error = acts.error ?? lists.error ?? row.error ?? standing.error;
  if (error)
    return (
      <Trouble
        error={error}
        again={() => Promise.all([acts.refetch(), lists.refetch(), row.refetch(), standing.refetch()])}
      />
    );
  if (!acts.data || !lists.data) return <Skeleton active />;
  if (!act || !list || act.of_row !== key.length > 0) {
    return <Trouble error={new Error(say("console.error.no_permission"))} />;
  }
  if (act.of_row && !row.data) return <Skeleton active />;
  if (act.begins_with && !standing.data) return <Skeleton active />;
  const back = act.of_row ? `${list.path}/${_splat}` : list.path;
  const now = standing.data ?? {};
  return <Doing key={`${name}/${_splat}`} act={act} list={list} row={row.data ?? null} now={now} back={back} />;
}

/** All such reads answer alike; this one stands for them where the path is not known before. */
type AnyStanding = "/registry/canteens/{canteen_id}/meals";

/** What stands now of what the act sets, where the row does not say it: read anew for every form. */
function useStanding(act: Act | undefined, row: Row | undefined) {
  const said = act && row ? saidBy(act, row) : {};
  const path = act?.begins_with?.replace(/{(\w+)}/g, (_, name) => encodeURIComponent(String(said[name])));
  return useQuery({
    queryKey: ["standing", path],
    enabled: path !== undefined && row !== undefined,
    staleTime: 0,
    gcTime: 0,
    queryFn: async () =>
      (await held(centre.GET(path as AnyStanding, { params: { path: {} as never } }))) as unknown as Said,
  });
}

/** What the row says of the members that it says. */
function saidBy(act: Act, row: Row | null): Said {
  return row === null ? {} : Object.fromEntries(Object.entries(act.row).map(([name, of]) => [name, row[of]]));
}

/** What the form begins with: one's own agency; what the row says, but for its key, where the act begins so. */
function startOf(act: Act, list: List, row: Row | null, agency: number | null, now: Said): Said {
  const own = { ...(agency !== null && { agency_id: agency }), ...now };
  if (row === null || !act.begins) return own;
  return Object.fromEntries(Object.entries(row).filter(([name]) => !list.key.includes(name)));
}

type Step = "asked" | "checked" | "sending" | "done";
const NO_FAULTS: Faults = new Map();

interface DoingProps {
  readonly act: Act;
  readonly list: List;
  readonly row: Row | null;
  /** What stands now of what is set. */
  readonly now: Said;
  readonly back: string;
}

function Doing({ act, list, row, now, back }: DoingProps) {
  const person = useSession();
  const queries = useQueryClient();
  const { dialog, prove } = useProof();
  const place = placeOf(person.login, act, back);
  const said = saidBy(act, row);
  const fresh = () => begin(act.members, said, startOf(act, list, row, person.agency_id, now));
  const [draft, setDraft] = useState<Draft>(() => keptDraft(act, place) ?? fresh());
  const [file, setFile] = useState<File | null>(null);
  const [step, setStep] = useState<Step>("asked");
  const [faults, setFaults] = useState<Faults>(NO_FAULTS);
  const [error, setError] = useState<Error | null>(null);
  const [outcome, setOutcome] = useState<Outcome | null>(null);
  const page = useRef<HTMLFormElement>(null);
  useEffect(() => {
    document.title = `${act.title} · ${say("console.title")}`;
  }, [act.title]);
  useEffect(() => {
    if (step === "asked") page.current?.querySelector<HTMLElement>("[aria-invalid]")?.focus();
    else page.current?.querySelector<HTMLElement>("[tabindex='-1']")?.focus();
  }, [step, faults]);
  const change = (changed: Draft) => {
    setDraft(changed);
    keepDraft(place, changed);
  };
  const isLook = act.method === "GET";
  const check = () => {
    const found = new Map(faultsOf(act, draft, said));
    if (act.body === "file" && file === null) found.set("file", say("console.act.no_file"));
    setFaults(found);
    if (found.size > 0) return;
    if (isLook) void carryOut();
    else setStep("checked");
  };
  const carryOut = async () => {
    setStep("sending");
    setError(null);
    try {
      const came = await send({ act, draft, said, file }, prove);
      if (came.document) download(came.document.name, came.document.content);
      setOutcome(came);
      forgetDraft(place);
      setStep("done");
      void queries.invalidateQueries({
        predicate: ({ queryKey }) => !["session", "acts", "lists"].includes(String(queryKey[0])),
      });
    } catch (caught) {
      setError(caught as Error);
      setStep(caught instanceof Refused || isLook ? "asked" : "checked");
    }
  };
  const submit = (event: FormEvent) => {
    event.preventDefault();
    if (step === "asked") check();
    else if (step === "checked") void carryOut();
  };
  const again = () => {
    setDraft(fresh());
    setFile(null);
    setOutcome(null);
    setStep("asked");
  };
  const isStillFor = row === null || fits(act, row);
  return (
    <>
      <form ref={page} className="act" onSubmit={submit} noValidate aria-busy={step === "sending"}>
        <p>
          <a href={linkTo(back)}>← {list.title}</a>
        </p>
        <h1>{act.title}</h1>
        {row && <Facts list={list} row={row} />}
        {step === "done" && outcome ? (
          <Answer act={act} list={list} outcome={outcome} back={back} again={act.of_row ? null : again} />
        ) : (
          <>
            {!isStillFor && <Alert type="info" showIcon title={say("console.act.not_now")} />}
            {error && <Wrong error={error} />}
            {step === "asked" && (
              <>
                <Fields
                  members={act.members}
                  draft={draft}
                  form={{ said, faults, makes: act.makes }}
                  place=""
                  change={change}
                />
                {act.body === "file" && <Upload fault={faults.get("file")} set={setFile} />}
                {askedOf(act.members, said).length === 0 && act.body !== "file" && (
                  <p>{say("console.act.nothing_asked")}</p>
                )}
              </>
            )}
            {step !== "asked" && !isLook && <Review act={act} draft={draft} said={said} file={file} />}
            <div className="acts">
              {step !== "asked" && (
                <Button disabled={step === "sending"} onClick={() => setStep("asked")}>
                  {say("console.act.change")}
                </Button>
              )}
              <Button
                type="primary"
                htmlType="submit"
                danger={act.grave && step !== "asked"}
                disabled={!isStillFor || step === "sending"}
                aria-busy={step === "sending"}
              >
                {isLook
                  ? act.title
                  : step === "asked"
                    ? say("console.act.check")
                    : `${say("console.act.confirm")}: ${act.title}`}
              </Button>
            </div>
          </>
        )}
      </form>
      {dialog}
    </>
  );
}

function Wrong({ error }: { error: Error }) {
  if (error instanceof NotProved) return <Alert type="info" showIcon title={error.message} />;
  const description =
    error instanceof Unreachable ? say("console.act.unknown") : error instanceof Refused && error.advice;
  return <Alert type="error" showIcon title={error.message} description={description || undefined} />;
}

function Upload({ fault, set }: { fault: string | undefined; set(file: File | null): void }) {
  return (
    <div className={fault ? "field wrong" : "field"}>
      <label htmlFor="act-file">{say("console.act.file")}</label>
      <input
        id="act-file"
        type="file"
        aria-invalid={fault ? true : undefined}
        aria-describedby={fault ? "act-file-fault" : undefined}
        onChange={(event) => set(event.target.files?.[0] ?? null)}
      />
      {fault && (
        <small id="act-file-fault" className="fault">
          {fault}
        </small>
      )}
    </div>
  );
}

function Review({ act, draft, said, file }: { act: Act; draft: Draft; said: Said; file: File | null }) {
  return (
    <section aria-label={say("console.act.review")}>
      <h2 tabIndex={-1}>{say(act.grave ? "console.act.review_grave" : "console.act.review")}</h2>
      <Reviewed members={askedOf(act.members, said)} draft={draft} said={said} />
      {file && <p>{`${say("console.act.file")}: ${file.name} (${Math.ceil(file.size / 1024)} KB)`}</p>}
    </section>
  );
}
