/** The fields of a form: one for each member, of its kind. */

import { Button, Checkbox, Input, Select } from "antd";
import type { ReactNode } from "react";
import { headingOf, isNamed, useNames } from "../names.ts";
import { useSession } from "../session.tsx";
import { say } from "../words.ts";
import type { Member } from "./acts.ts";
import { beginOne, type Draft, type Faults, isChosenOf, type Kept, numbersOf, type Said, type Typed } from "./draft.ts";

const TYPES: Readonly<Record<string, string>> = { day: "date", time: "datetime-local" };
const MODES: Readonly<Record<string, "decimal" | "numeric">> = {
  money: "decimal",
  decimal: "decimal",
  number: "numeric",
};

const WRONG = [{}, { status: "error" }] as const;

export interface Form {
  readonly said: Said;
  readonly faults: Faults;
  /** Numbers of what is not there before. */
  readonly makes: readonly string[];
}

interface FieldsProps {
  readonly members: readonly Member[];
  readonly draft: Draft;
  readonly form: Form;
  readonly place: string;
  change(draft: Draft): void;
}

/** Members that are asked for: not what the row says, nor the numbers that we make. */
export function askedOf(members: readonly Member[], said: Said): Member[] {
  return members.filter((member) => !(member.name in said) && member.kind !== "own_id");
}

export function Fields({ members, draft, form, place, change }: FieldsProps) {
  return askedOf(members, form.said).map((member) => (
    <Field
      key={member.name}
      member={member}
      value={draft[member.name] ?? ""}
      form={form}
      place={place + member.name}
      set={(value) => change({ ...draft, [member.name]: value })}
    />
  ));
}

interface FieldProps {
  readonly member: Member;
  readonly value: Typed;
  readonly form: Form;
  readonly place: string;
  set(value: Typed): void;
}

function Field(props: FieldProps) {
  const { member, form, place } = props;
  if (member.kind === "members" || member.kind === "by_name") return <Entries {...props} />;
  const fault = form.faults.get(place);
  const id = `act-${place}`;
  const label = headingOf(member);
  const hint = member.kind === "file" ? "" : (member.hint ?? "");
  const told = [hint && `${id}-hint`, fault && `${id}-fault`].filter(Boolean).join(" ");
  const heading = (
    <>
      {label}
      {!member.required && <small> {say("console.act.optional")}</small>}
    </>
  );
  const entry = (
    <>
      <Entry {...props} id={id} told={told || undefined} isWrong={fault !== undefined} />
      {hint && (
        <small id={`${id}-hint`} className="hint">
          {hint}
        </small>
      )}
      {fault && (
        <small id={`${id}-fault`} className="fault">
          {fault}
        </small>
      )}
    </>
  );
  const kind = fault ? "field wrong" : "field";
  if (isChosenOf(member)) {
    return (
      <fieldset className={kind}>
        <legend>{heading}</legend>
        {entry}
      </fieldset>
    );
  }
  return (
    <div className={kind}>
      <label htmlFor={id}>{heading}</label>
      {entry}
    </div>
  );
}

interface EntryProps extends FieldProps {
  readonly id: string;
  readonly told: string | undefined;
  readonly isWrong: boolean;
}

/** What its values are the numbers of: several of them are called as one is. */
export function nameOf(member: Member): string {
  return member.name === "canteen_ids" ? "canteen_id" : member.name;
}

const FEW = 10;

function useOptions(member: Member, form: Form): { value: string; label: string }[] {
  const named = useNames().choices(nameOf(member), useSession().agency_id);
  if (named.length > 0 && !form.makes.includes(member.name)) return named;
  if (member.kind === "yes_no") {
    return [
      { value: "true", label: say("console.table.yes") },
      { value: "false", label: say("console.table.no") },
    ];
  }
  if (member.choices.length > 0) return member.choices.map((choice) => ({ value: choice.value, label: choice.word }));
  return member.many ? numbersOf(member).map((value) => ({ value, label: value })) : [];
}

function Entry({ member, value, form, set, id, told, isWrong }: EntryProps): ReactNode {
  const options = useOptions(member, form);
  const marks = { id, "aria-describedby": told, "aria-invalid": isWrong || undefined, ...WRONG[Number(isWrong)] };
  if (member.kind === "file") return <Files member={member} value={value as readonly Kept[]} set={set} marks={marks} />;
  if (isChosenOf(member)) {
    return (
      <Checkbox.Group options={options} value={[...(value as string[])]} onChange={(all) => set(all as string[])} />
    );
  }
  if (options.length > 0) {
    const search = (options.length > FEW || isNamed(nameOf(member))) && { showSearch: { optionFilterProp: "label" } };
    const shared = { ...marks, options, popupMatchSelectWidth: false, ...search };
    if (member.many) return <Select {...shared} mode="multiple" value={[...(value as string[])]} onChange={set} />;
    const none = member.required ? [] : [{ value: "", label: say("console.act.none") }];
    return (
      <Select
        {...shared}
        options={[...none, ...options]}
        value={(value as string) || undefined}
        onChange={(one) => set(one ?? "")}
      />
    );
  }
  if (member.many) {
    const lines = (value as string[]).join("\n");
    return (
      <Input.TextArea
        {...marks}
        placeholder={say("console.act.one_a_line")}
        rows={3}
        value={lines}
        onChange={(event) => set(event.target.value === "" ? [] : event.target.value.split("\n"))}
      />
    );
  }
  if (member.kind === "long_text") {
    return <Input.TextArea {...marks} rows={3} value={value as string} onChange={(event) => set(event.target.value)} />;
  }
  return (
    <Input
      {...marks}
      type={TYPES[member.kind] ?? "text"}
      inputMode={MODES[member.kind]}
      autoComplete="off"
      value={value as string}
      onChange={(event) => set(event.target.value)}
    />
  );
}

interface FilesProps {
  readonly member: Member;
  readonly value: readonly Kept[];
  readonly marks: object;
  set(value: Typed): void;
}

/** A file as the centre takes it. */
export async function kept(content: Blob, name: string): Promise<Kept> {
  const bytes = new Uint8Array(await content.arrayBuffer());
  let binary = "";
  for (const byte of bytes) binary += String.fromCharCode(byte);
  return { name, content: btoa(binary) };
}

function Files({ member, value, marks, set }: FilesProps) {
  return (
    <>
      <input
        {...marks}
        type="file"
        multiple={member.many}
        accept=".pdf,.png,.jpg,.jpeg"
        onChange={async (event) =>
          set(await Promise.all([...(event.target.files ?? [])].map((file) => kept(file, file.name))))
        }
      />
      {value.length > 0 && <small className="hint">{value.map((file) => file.name).join(", ")}</small>}
    </>
  );
}

/** Entries that are added and taken away: the rows of a list, the members of an object with free names. */
function Entries({ member, value, form, place, set }: FieldProps) {
  const entries = value as readonly Draft[];
  const fault = form.faults.get(place);
  // What the row says of an entry can be said of one alone.
  const isOne = !member.many && member.kind !== "by_name";
  const isFixed = isOne || member.members.some((inner) => inner.name in form.said);
  const inner = member.kind === "by_name" ? namedMembers(member) : member.members;
  const change = (index: number, entry: Draft) => set(entries.map((old, at) => (at === index ? entry : old)));
  const isFull = isFixed || (member.many_max != null && entries.length >= member.many_max);
  return (
    <fieldset className="entries">
      <legend>{headingOf(member)}</legend>
      {fault && <small className="fault">{fault}</small>}
      {entries.map((entry, index) => (
        <div key={`${place}.${index}`} className="entry">
          <Fields
            members={inner}
            draft={entry}
            form={form}
            place={`${place}.${index}.`}
            change={(changed) => change(index, changed)}
          />
          {!isFixed && entries.length > member.many_min && (
            <Button
              aria-label={say("console.act.remove_entry", { number: index + 1 })}
              onClick={() => set(entries.filter((_, at) => at !== index))}
            >
              {say("console.act.remove")}
            </Button>
          )}
        </div>
      ))}
      {!isFull && (
        <Button onClick={() => set([...entries, beginOne(member, form.said)])}>{say("console.act.add_entry")}</Button>
      )}
    </fieldset>
  );
}

function namedMembers(member: Member): Member[] {
  const value = member.members[0] as Member;
  const name = { ...value, name: "name", heading: say("console.act.name"), kind: "text" as const, many: false };
  return [
    { ...name, required: true, choices: [], minimum: null, maximum: null, pattern: null, hint: null },
    { ...value, name: "value", required: true },
  ];
}
