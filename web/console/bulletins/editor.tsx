/** One bulletin: its texts while it is a draft, what becomes of them, who wrote it, and who publishes it. */

import { useQuery, useQueryClient } from "@tanstack/react-query";
import { useBlocker, useNavigate, useRouter } from "@tanstack/react-router";
import { Alert, Button, Skeleton } from "antd";
import { type FormEvent, useEffect, useMemo, useRef, useState } from "react";
import { dayAndTime } from "../../shared/formats.ts";
import { language, tag } from "../../shared/language.ts";
import { forgetDraft, placeOfPage } from "../acts/kept.ts";
import { queries as cache, centre, held, inSession, Refused, Unreachable } from "../centre.ts";
import { quarterName } from "../evaluation/kitchens.ts";
import { linkTo } from "../links.ts";
import { type SignedIn, useSession } from "../session.tsx";
import { Trouble } from "../trouble.tsx";
import { Leaving } from "./leaving.tsx";
import { draftOf } from "./list.tsx";
import { Preview } from "./preview.tsx";
import { type Bulletin, changedFields, changesOf, clashes, type Field, putOn, type Work, workOn } from "./typed.ts";
import { say } from "./words.ts";
import { Writing } from "./writing.tsx";

const CONFLICT = 409;
const SIGNED_OUT = 401;
const LOOK_AGAIN_MS = 60_000;

function pathOf(bulletin_id: number) {
  return { params: { path: { bulletin_id } } };
}

function readBulletin(id: number): Promise<Bulletin> {
  return held(centre.GET("/waste/bulletins/{bulletin_id}", pathOf(id)));
}

export function Editor({ id }: { id: number }) {
  const { data, error, refetch } = useQuery({
    queryKey: ["bulletin", id],
    refetchInterval: LOOK_AGAIN_MS,
    queryFn: () => readBulletin(id),
  });
  const quarter = data ? quarterName(data.quarter) : "";
  useEffect(() => {
    document.title = `${say("console.bulletins.name", { quarter, id })} · ${say("console.title")}`;
  }, [quarter, id]);
  return (
    <>
      <p>
        <a href={linkTo("/bulletins")}>← {say("console.bulletins.back")}</a>
      </p>
      {error && <Trouble error={error} again={refetch} />}
      {!data && !error && <Skeleton active />}
      {data && <One key={data.state} bulletin={data} />}
    </>
  );
}

function One({ bulletin }: { bulletin: Bulletin }) {
  const person = useSession();
  const isWriter = bulletin.state === "draft" && person.permissions.has("inspect");
  const figures = useQuery({
    queryKey: ["bulletin-figures", bulletin.bulletin_id],
    queryFn: () => held(centre.GET("/waste/bulletins/{bulletin_id}/figures", pathOf(bulletin.bulletin_id))),
  });
  if (isWriter) return <Desk bulletin={bulletin} person={person} figures={figures.data} />;
  return (
    <>
      <Head bulletin={bulletin} person={person} isChanged={false} />
      <Preview bulletin={bulletin} changes={{}} figures={figures.data} />
    </>
  );
}

/** What is kept of a person's work in this tab; none where nothing of it is new. */
function keptWork(place: string): Work | null {
  const kept = sessionStorage.getItem(place);
  if (kept === null) return null;
  const work = JSON.parse(kept) as Work;
  return changedFields(work).length > 0 ? work : null;
}

/** What somebody else saved meanwhile, and the fields of which it is to be chosen yet whose they are. */
interface Met {
  readonly by: string;
  readonly version: number;
  readonly fields: readonly Field[];
}

interface DeskProps {
  readonly bulletin: Bulletin;
  readonly person: SignedIn;
  readonly figures: Parameters<typeof Preview>[0]["figures"];
}

function Desk({ bulletin, person, figures }: DeskProps) {
  const queries = useQueryClient();
  const id = bulletin.bulletin_id;
  const place = placeOfPage(person.login, `bulletin/${id}`);
  const [kept] = useState(() => keptWork(place));
  const [work, setWork] = useState<Work>(() => kept ?? workOn(bulletin));
  // What was typed while an answer was awaited belongs to it, too.
  const newest = useRef(work);
  const [met, setMet] = useState<Met | null>(null);
  const [error, setError] = useState<Error | null>(null);
  const [isBusy, setBusy] = useState(false);
  const [said, setSaid] = useState(kept ? say("console.bulletins.restored") : "");
  const changed = changedFields(work);
  const isChanged = changed.length > 0;
  const changes = useMemo(() => changesOf(work), [work]);
  const blocker = useBlocker({
    shouldBlockFn: () => isChanged,
    // Who is signed out is led to the sign-in and back; nothing is lost on the way.
    enableBeforeUnload: () => isChanged && !isSignedOut(),
    withResolver: true,
  });
  useLinksByRouter(isChanged);

  /** What somebody else has saved stands below what is typed here; where both wrote, the person chooses. */
  const meet = (theirs: Bulletin) => {
    const own = newest.current;
    if (theirs.version === own.version) return;
    if (changedFields(own).length > 0) {
      const found = clashes(theirs, own);
      setMet((before) => ({
        by: theirs.saved_by ?? "",
        version: theirs.version,
        fields: [...new Set([...(before?.fields ?? []), ...found])],
      }));
      setSaid("");
    }
    keep(putOn(theirs, own));
  };
  const keep = (next: Work) => {
    newest.current = next;
    setWork(next);
    if (changedFields(next).length > 0) sessionStorage.setItem(place, JSON.stringify(next));
    else forgetDraft(place);
  };
  useEffect(() => {
    if (!isBusy) meet(bulletin);
  }, [bulletin.version]);

  const set = (field: Field, value: string) => {
    setSaid("");
    keep({ ...work, mine: { ...work.mine, [field]: value } });
  };
  const settle = (field: Field, isTheirs: boolean) => {
    if (met === null) return;
    if (isTheirs) keep({ ...work, mine: { ...work.mine, [field]: work.base[field] } });
    const fields = met.fields.filter((one) => one !== field);
    setMet(fields.length > 0 ? { ...met, fields } : null);
  };
  const discard = () => {
    setMet(null);
    setError(null);
    setSaid("");
    keep({ ...work, mine: work.base });
  };
  const save = async (event: FormEvent) => {
    event.preventDefault();
    if (!isChanged || isBusy) return;
    setBusy(true);
    setError(null);
    setSaid("");
    try {
      const body = { ...changes, version: work.version };
      const ask = () => held(centre.PATCH("/waste/bulletins/{bulletin_id}", { ...pathOf(id), body }));
      const { version } = await inSession(ask);
      keep({ version, base: work.mine, mine: newest.current.mine });
      setMet(null);
      setSaid(say("console.bulletins.is_saved", { version }));
      await queries.invalidateQueries({ queryKey: ["bulletin", id] });
      void queries.invalidateQueries({ queryKey: ["bulletins"] });
    } catch (caught) {
      await findOut(caught as Error);
    } finally {
      setBusy(false);
    }
  };
  const findOut = async (caught: Error) => {
    if (caught instanceof Refused && caught.status === SIGNED_OUT) {
      void queries.invalidateQueries({ queryKey: ["session"] });
    }
    const theirs = caught instanceof Refused && caught.status === CONFLICT ? await latest(id) : null;
    if (theirs?.state === "draft" && theirs.version !== work.version) {
      queries.setQueryData(["bulletin", id], theirs);
      meet(theirs);
    } else setError(caught);
  };
  return (
    <>
      <Head bulletin={bulletin} person={person} isChanged={isChanged} />
      <div className="desk">
        <form className="writing" onSubmit={save} noValidate aria-busy={isBusy}>
          {met && (
            <Alert
              type="warning"
              showIcon
              title={say("console.bulletins.clash", { login: met.by, version: met.version })}
              description={say(met.fields.length > 0 ? "console.bulletins.clash_why" : "console.bulletins.clash_none")}
            />
          )}
          {error && <NotSaved error={error} />}
          <Writing
            typed={work.mine}
            saved={work.base}
            clashing={met?.fields ?? []}
            figures={figures}
            set={set}
            settle={settle}
          />
          <div className="saver acts">
            <Button
              type="primary"
              htmlType="submit"
              disabled={!isChanged || isBusy || (met?.fields.length ?? 0) > 0}
              aria-busy={isBusy}
            >
              {say("console.bulletins.save")}
            </Button>
            <Button disabled={!isChanged || isBusy} onClick={discard}>
              {say("console.bulletins.discard")}
            </Button>
            <span role="status">
              {[said, isChanged ? say("console.bulletins.unsaved", { count: changed.length }) : ""]
                .filter(Boolean)
                .join(" · ")}
            </span>
          </div>
        </form>
        <Preview bulletin={bulletin} changes={changes} figures={figures} />
      </div>
      {blocker.status === "blocked" && <Leaving leave={blocker.proceed} stay={blocker.reset} />}
    </>
  );
}

/** Lets the router follow the console's links: the address stays where it is until it is clear that one leaves. */
function useLinksByRouter(isWanted: boolean) {
  const { history } = useRouter();
  useEffect(() => {
    if (!isWanted) return;
    const follow = (event: MouseEvent) => {
      const link = event.target instanceof Element ? event.target.closest("a") : null;
      const address = link?.getAttribute("href") ?? "";
      const isElsewhere = event.ctrlKey || event.metaKey || event.shiftKey || event.button !== 0;
      if (!address.startsWith("#/") || isElsewhere) return;
      event.preventDefault();
      history.push(address.slice(1));
    };
    document.addEventListener("click", follow, true);
    return () => document.removeEventListener("click", follow, true);
  }, [history, isWanted]);
}

function isSignedOut(): boolean {
  const error = cache.getQueryState(["session"])?.error;
  return error instanceof Refused && error.status === SIGNED_OUT;
}

async function latest(id: number): Promise<Bulletin | null> {
  return readBulletin(id).catch(() => null);
}

function NotSaved({ error }: { error: Error }) {
  const advice = error instanceof Refused ? error.advice : "";
  return (
    <Alert
      type="error"
      showIcon
      title={error.message}
      description={[say("console.bulletins.not_saved"), error instanceof Unreachable ? "" : advice]
        .filter(Boolean)
        .join(" ")}
    />
  );
}

interface HeadProps {
  readonly bulletin: Bulletin;
  readonly person: SignedIn;
  readonly isChanged: boolean;
}

function Head({ bulletin, person, isChanged }: HeadProps) {
  const { bulletin_id: id, saved_by, saved_at } = bulletin;
  const isDraft = bulletin.state === "draft";
  return (
    <section className="panel">
      <div className="heading">
        <div>
          <h1 lang="zh-Hans-CN">{bulletin.texts.title || say("console.bulletins.untitled")}</h1>
          <p className="unit">
            {[
              say("console.bulletins.name", { quarter: quarterName(bulletin.quarter), id }),
              say(isDraft ? "console.bulletins.state.draft" : "console.bulletins.state.published"),
              say("console.bulletins.version_of", { version: bulletin.version }),
              saved_by && saved_at
                ? say("console.bulletins.saved", { login: saved_by, at: dayAndTime(saved_at, language) })
                : say("console.bulletins.never_saved"),
              say("console.bulletins.written_by", { logins: bulletin.written_by.join(", ") }),
            ].join(" · ")}
          </p>
        </div>
      </div>
      <Ties bulletin={bulletin} />
      {isDraft ? (
        <Publishing bulletin={bulletin} person={person} isChanged={isChanged} />
      ) : (
        <Published bulletin={bulletin} person={person} />
      )}
    </section>
  );
}

/** The bulletins before and after it, and results that have changed since. */
function Ties({ bulletin }: { bulletin: Bulletin }) {
  const { replaces, replaced_by, revised } = bulletin;
  const replacing = bulletin.state === "draft" ? "console.bulletins.replaces" : "console.bulletins.replaces_done";
  return (
    <>
      {replaces != null && <a href={linkTo(`/bulletins/${replaces}`)}>{say(replacing, { id: replaces })}</a>}
      {replaced_by != null && (
        <Alert
          type="warning"
          showIcon
          title={
            <a href={linkTo(`/bulletins/${replaced_by}`)}>
              {say("console.bulletins.replaced_by", { id: replaced_by })}
            </a>
          }
        />
      )}
      {revised && revised.length > 0 && (
        <Alert
          type="warning"
          showIcon
          title={say("console.bulletins.revised", { canteens: revised.join(language === "zh" ? "、" : ", ") })}
        />
      )}
    </>
  );
}

function Publishing({ bulletin, person, isChanged }: HeadProps) {
  const { bulletin_id: id, written_by } = bulletin;
  if (written_by.includes(person.login)) {
    return (
      <p>
        {say("console.bulletins.you_wrote")}{" "}
        <span className="address">{`${location.origin}${location.pathname}${linkTo(`/bulletins/${id}`)}`}</span>
      </p>
    );
  }
  if (!person.permissions.has("publish_bulletin")) return <p>{say("console.bulletins.cannot_publish")}</p>;
  return (
    <div className="acts">
      <span>{say(isChanged ? "console.bulletins.publish_unsaved" : "console.bulletins.may_publish")}</span>
      {!isChanged && <a href={linkTo(`/acts/publish_bulletin/${id}`)}>{say("console.bulletins.publish")}</a>}
    </div>
  );
}

function Published({ bulletin, person }: Omit<HeadProps, "isChanged">) {
  const { bulletin_id: id, published_by, published_at } = bulletin;
  const navigate = useNavigate();
  const [isBusy, setBusy] = useState(false);
  const [error, setError] = useState<Error | null>(null);
  const correct = async () => {
    setBusy(true);
    setError(null);
    try {
      await navigate({ to: `/bulletins/${await draftOf(bulletin.quarter)}` });
    } catch (caught) {
      setError(caught as Error);
      setBusy(false);
    }
  };
  const at = published_at ? dayAndTime(published_at, language) : "";
  return (
    <>
      <p>{say("console.bulletins.is_published", { login: published_by ?? "", at })}</p>
      <div className="acts">
        <a className="address" href={`/bulletins/${id}?lang=${tag}`}>
          {`${location.origin}/bulletins/${id}`}
        </a>
        <a href={`/bulletins/${id}/pdf?lang=${tag}`}>PDF</a>
      </div>
      <p className="unit">{say("console.bulletins.correct_why")}</p>
      {person.permissions.has("inspect") && bulletin.replaced_by == null && (
        <div className="acts">
          <Button disabled={isBusy} aria-busy={isBusy} onClick={correct}>
            {say("console.bulletins.correct")}
          </Button>
        </div>
      )}
      {error && <NotSaved error={error} />}
    </>
  );
}
