/** A file of one's own books beside what the centre has posted: chosen, its columns named, compared. */

import { useQuery } from "@tanstack/react-query";
import { Alert, Button, Select } from "antd";
import { type DragEvent, useEffect, useId, useRef, useState } from "react";
import { dayOf } from "../../shared/formats.ts";
import { centre, held } from "../centre.ts";
import type { Wish } from "../lists/lists.ts";
import { useSession } from "../session.tsx";
import { Trouble } from "../trouble.tsx";
import type { Ask } from "./books.tsx";
import {
  type Columns,
  columnsOf,
  type Fault,
  type Line,
  linesOf,
  MEMBERS,
  readBooks,
  textOf,
  WrongFile,
} from "./file.ts";
import { compared, type Found } from "./matching.ts";
import { ofSide, readPostings, SIDES, type Side } from "./postings.ts";
import { Result } from "./result.tsx";
import { say } from "./words.ts";

interface Props {
  readonly agency: number;
  /** Whether the reader sees this agency alone. */
  readonly isOwn: boolean;
  readonly wish: Wish;
  readonly ask: Ask;
}

interface Chosen {
  readonly name: string;
  readonly lines: readonly Line[];
}

export interface Outcome {
  readonly found: readonly Found[];
  readonly faults: readonly Fault[];
  /** Lines of the file whose day is not among those that were asked for. */
  readonly outside: number;
  readonly file: string;
  /** When the centre's postings were read, in milliseconds since 1970. */
  readonly at: number;
}

const DAY = /^\d{4}-\d\d-\d\d$/;

/** The days that the address says; else the last one that was closed, for those who see it, or yesterday. */
function useDays(wish: Wish) {
  const canSee = useSession().permissions.has("see_clearing");
  const last = useQuery({
    queryKey: ["last cycle"],
    enabled: canSee && wish.from === undefined,
    queryFn: () => held(centre.GET("/clearing/cycles", { params: { query: { sort: "-number", limit: 1 } } })),
  });
  const usual = last.data?.items[0]?.business_date ?? dayOf(Date.now(), -1);
  const from = wish.from !== undefined && DAY.test(wish.from) ? wish.from : usual;
  const until = wish.until !== undefined && DAY.test(wish.until) && wish.until > from ? wish.until : from;
  return { from, until };
}

export function Compare({ agency, isOwn, wish, ask }: Props) {
  const { from, until } = useDays(wish);
  const side: Side = SIDES.find((one) => one === wish.side) ?? "all";
  const [chosen, setChosen] = useState<Chosen | null>(null);
  const [columns, setColumns] = useState<Columns>({ day: -1, number: -1, amount: -1 });
  const [read, setRead] = useState<number | null>(null);
  const [error, setError] = useState<Error | null>(null);
  const [outcome, setOutcome] = useState<Outcome | null>(null);
  const told = useRef<HTMLElement>(null);
  const isAtWork = read !== null;
  useEffect(() => {
    if (outcome !== null) told.current?.focus();
  }, [outcome]);
  const change: Ask = (changes) => {
    setOutcome(null);
    ask(changes);
  };
  const take = async (file: File) => {
    setOutcome(null);
    setError(null);
    setChosen(null);
    try {
      const lines = await linesOf(textOf(await file.arrayBuffer()));
      if (lines.length < 2) throw new WrongFile(say("console.books.empty"));
      setColumns(columnsOf(lines[0]?.cells ?? []));
      setChosen({ name: file.name, lines });
    } catch (thrown) {
      setError(thrown as Error);
    }
  };
  const compare = async (file: Chosen) => {
    setRead(0);
    setError(null);
    setOutcome(null);
    try {
      const { booked, faults } = await readBooks(file.lines, columns);
      const known = await readPostings({ agency, isOwn, from, until }, setRead);
      const within = booked.filter((one) => one.day >= from && one.day <= until);
      const found = await compared(within, ofSide(known, side));
      setOutcome({ found, faults, outside: booked.length - within.length, file: file.name, at: Date.now() });
    } catch (thrown) {
      setError(thrown as Error);
    } finally {
      setRead(null);
    }
  };
  const lacking = MEMBERS.filter((member) => columns[member] < 0);
  return (
    <>
      <section className="panel" aria-labelledby="compare">
        <h2 id="compare">{say("console.books.compare")}</h2>
        <p>{say("console.books.what")}</p>
        <Asked from={from} until={until} side={side} change={change} />
        <Drop take={take} name={chosen?.name ?? null} lines={chosen === null ? 0 : chosen.lines.length - 1} />
        {error instanceof WrongFile && (
          <Alert type="error" showIcon title={say("console.books.wrong_file")} description={error.message} />
        )}
        {error && !(error instanceof WrongFile) && <Trouble error={error} />}
        {chosen && (
          <Heads
            head={chosen.lines[0]?.cells ?? []}
            columns={columns}
            change={(changed) => {
              setOutcome(null);
              setColumns(changed);
            }}
          />
        )}
        {chosen && lacking.length > 0 && <Alert type="warning" showIcon title={say("console.books.unknown_columns")} />}
        <div className="acts">
          <Button
            type="primary"
            disabled={chosen === null || lacking.length > 0 || isAtWork}
            aria-busy={isAtWork}
            onClick={() => chosen && compare(chosen)}
          >
            {say("console.books.go")}
          </Button>
          <span role="status">{isAtWork && say("console.books.reading", { count: read })}</span>
        </div>
      </section>
      {outcome && (
        <section ref={told} tabIndex={-1} className="outcome" aria-label={say("console.books.result")}>
          <Result outcome={outcome} days={{ from, until }} wish={wish} ask={ask} />
        </section>
      )}
    </>
  );
}

function Asked({ from, until, side, change }: { from: string; until: string; side: Side; change: Ask }) {
  const [fromId, untilId, sideId] = [useId(), useId(), useId()];
  const day = (name: string, value: string) => DAY.test(value) && change({ [name]: value });
  return (
    <div className="asked">
      <label htmlFor={fromId}>
        {say("console.books.from")}
        <input id={fromId} type="date" value={from} onChange={(event) => day("from", event.target.value)} />
      </label>
      <label htmlFor={untilId}>
        {say("console.books.until")}
        <input
          id={untilId}
          type="date"
          min={from}
          value={until}
          onChange={(event) => day("until", event.target.value)}
        />
      </label>
      <label htmlFor={sideId}>
        {say("console.books.side")}
        <Select
          id={sideId}
          value={side}
          popupMatchSelectWidth={false}
          options={SIDES.map((value) => ({ value, label: say(`console.books.side.${value}`) }))}
          onChange={(value) => change({ side: value })}
        />
      </label>
    </div>
  );
}

interface DropProps {
  take(file: File): unknown;
  readonly name: string | null;
  readonly lines: number;
}

function Drop({ take, name, lines }: DropProps) {
  const id = useId();
  const [isOver, setOver] = useState(false);
  const drop = (event: DragEvent) => {
    event.preventDefault();
    setOver(false);
    const file = event.dataTransfer.files[0];
    if (file) void take(file);
  };
  return (
    <section
      className={isOver ? "drop over" : "drop"}
      aria-label={say("console.books.file")}
      onDragOver={(event) => {
        event.preventDefault();
        setOver(true);
      }}
      onDragLeave={() => setOver(false)}
      onDrop={drop}
    >
      <label htmlFor={id}>{say("console.books.file")}</label>
      <input
        id={id}
        type="file"
        accept=".csv,.txt,text/csv,text/plain"
        onChange={(event) => {
          const file = event.target.files?.[0];
          // The same file once more is another try.
          event.target.value = "";
          if (file) void take(file);
        }}
      />
      <p className="unit">{say("console.books.stays")}</p>
      {name !== null && <p role="status">{say("console.books.taken", { name, count: lines })}</p>}
    </section>
  );
}

interface HeadsProps {
  readonly head: readonly string[];
  readonly columns: Columns;
  change(columns: Columns): void;
}

function Heads({ head, columns, change }: HeadsProps) {
  const options = head.map((text, value) => ({ value, label: text.trim() || String(value + 1) }));
  return (
    <div className="asked">
      {MEMBERS.map((member) => (
        <label key={member} htmlFor={`column-${member}`}>
          {say(`console.books.column.${member}`)}
          <Select
            id={`column-${member}`}
            {...(columns[member] < 0 && { status: "error" as const })}
            value={columns[member] < 0 ? null : columns[member]}
            placeholder={say("console.books.choose")}
            popupMatchSelectWidth={false}
            options={options}
            onChange={(value) => change({ ...columns, [member]: Number(value) })}
          />
        </label>
      ))}
    </div>
  );
}
