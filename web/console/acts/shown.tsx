/** What a change says before it is sent, what it is about, and what the centre answered. */

import { Alert, Button } from "antd";
import { useEffect, useRef } from "react";
import { yuan } from "../../shared/formats.ts";
import { linkTo } from "../links.ts";
import { Cell, wordsOf } from "../lists/cell.tsx";
import { type Column, type List, type Row, usualColumns } from "../lists/lists.ts";
import { headingOf, type Names, useNames } from "../names.ts";
import { say } from "../words.ts";
import { type Act, linkToAct, type Member, useActs } from "./acts.ts";
import { type Draft, fenOf, type Kept, type Said, type Typed } from "./draft.ts";
import { askedOf, nameOf } from "./fields.tsx";
import type { Outcome } from "./sending.ts";

/** The row that a change is about, in short. */
export function Facts({ list, row }: { list: List; row: Row }) {
  const names = useNames();
  const columns = usualColumns(list).filter((column) => row[column.name] != null && row[column.name] !== "");
  return (
    <dl className="facts brief">
      {columns.map((column) => (
        <div key={column.name}>
          <dt>{headingOf(column)}</dt>
          <dd>
            <Cell column={column} value={row[column.name]} names={names} />
          </dd>
        </div>
      ))}
    </dl>
  );
}

function typedWords(member: Member, text: string, names: Names): string {
  if (text === "") return say("console.act.none");
  const named = names.of(nameOf(member), text);
  if (named) return `${named.name} (${text})`;
  if (member.kind === "money") return `${yuan(fenOf(text))} ${say("console.act.yuan")}`;
  if (member.kind === "yes_no") return say(text === "true" ? "console.table.yes" : "console.table.no");
  return member.choices.find((choice) => choice.value === text)?.word ?? text;
}

interface ReviewedProps {
  readonly members: readonly Member[];
  readonly draft: Draft;
  readonly said: Said;
}

/** What was typed, once more, in words: what was left empty is left out. */
export function Reviewed({ members, draft, said }: ReviewedProps) {
  const names = useNames();
  const filled = members.filter((member) => {
    const value = draft[member.name];
    return value !== "" && value !== undefined && !(Array.isArray(value) && value.length === 0);
  });
  return (
    <dl className="facts">
      {filled.map((member) => (
        <div key={member.name} className={member.kind === "members" || member.kind === "by_name" ? "wide" : undefined}>
          <dt>{headingOf(member)}</dt>
          <dd>
            <Value member={member} value={draft[member.name] as Typed} said={said} names={names} />
          </dd>
        </div>
      ))}
    </dl>
  );
}

function Value({ member, value, said, names }: { member: Member; value: Typed; said: Said; names: Names }) {
  if (member.kind === "file") return (value as Kept[]).map((file) => file.name).join(", ");
  if (member.kind === "by_name") {
    return (value as Draft[])
      .map((entry) => `${entry.name}: ${Array.isArray(entry.value) ? entry.value.length : entry.value}`)
      .join("; ");
  }
  if (member.kind === "members") {
    return (
      <ol>
        {(value as Draft[]).map((entry, index) => (
          <li key={index}>
            <Reviewed members={askedOf(member.members, said)} draft={entry} said={said} />
          </li>
        ))}
      </ol>
    );
  }
  if (member.many) return (value as string[]).map((text) => typedWords(member, text, names)).join(", ");
  return typedWords(member, String(value), names);
}

interface AnswerProps {
  readonly act: Act;
  readonly list: List;
  readonly outcome: Outcome;
  readonly back: string;
  readonly again: (() => void) | null;
}

/** That it is done, or waits for a second person; and what people need of the answer: some of it is shown this once. */
export function Answer({ act, list, outcome, back, again }: AnswerProps) {
  const told = useRef<HTMLDivElement>(null);
  useEffect(() => told.current?.focus(), []);
  const { answer, document: file, waits } = outcome;
  const acts = useActs();
  const next = waits === null ? acts.data?.find(({ name }) => name === act.leads_to) : undefined;
  const shown = act.answer.filter((member) => answer[member.name] !== undefined && answer[member.name] !== null);
  return (
    <>
      <div ref={told} tabIndex={-1}>
        <Alert
          type={waits === null ? "success" : "info"}
          showIcon
          title={say(waits === null ? "console.act.done" : "console.act.waits", { title: act.title })}
        />
      </div>
      {shown.length > 0 && waits === null && (
        <dl className="facts answer">
          {shown.map((member) => (
            <div key={member.name}>
              <dt>{headingOf(member)}</dt>
              <dd>
                <Answered member={member} value={answer[member.name]} />
              </dd>
            </div>
          ))}
        </dl>
      )}
      <div className="acts">
        {file && <Button onClick={() => download(file.name, file.content)}>{say("console.act.download")}</Button>}
        {next && <a href={linkToAct(next, list, answer as Row)}>{next.title}</a>}
        {again && <Button onClick={again}>{say("console.act.again")}</Button>}
        {waits !== null && <a href={linkTo(`/console/approvals/${waits}`)}>{say("console.act.see_approval")}</a>}
        <a href={linkTo(back)}>{say("console.act.back")}</a>
      </div>
    </>
  );
}

function Answered({ member, value }: { member: Member; value: unknown }) {
  if (Array.isArray(value)) {
    return (
      <ul>
        {value.map((one, index) => (
          <li key={index}>
            {typeof one === "object" ? <Members members={member.members} value={one} /> : String(one)}
          </li>
        ))}
      </ul>
    );
  }
  if (typeof value === "object") return <Members members={member.members} value={value as object} />;
  const column = {
    ...member,
    kind: member.kind === "own_id" ? "text" : member.kind,
    words: member.choices,
  } as unknown as Column;
  const words = wordsOf(column, value);
  if (member.name === "url") return <Address address={words} />;
  const canCopy = typeof value === "string" && member.kind === "text";
  return (
    <>
      <span className="copied">{words}</span>
      {canCopy && (
        <Button size="small" onClick={() => navigator.clipboard.writeText(words)}>
          {say("console.act.copy")}
        </Button>
      )}
    </>
  );
}

function Address({ address }: { address: string }) {
  return (
    <>
      <a className="copied" href={address} target="_blank" rel="noreferrer">
        {address}
      </a>
      <Button size="small" onClick={() => navigator.clipboard.writeText(address)}>
        {say("console.act.copy")}
      </Button>
    </>
  );
}

function Members({ members, value }: { members: readonly Member[]; value: object }) {
  const of = value as Record<string, unknown>;
  return members
    .filter((member) => of[member.name] != null)
    .map((member) => (
      <div key={member.name}>
        {headingOf(member)}: <Answered member={member} value={of[member.name]} />
      </div>
    ));
}

export function download(name: string, content: Blob): void {
  const link = document.createElement("a");
  link.href = URL.createObjectURL(content);
  link.download = name;
  link.click();
  URL.revokeObjectURL(link.href);
}
