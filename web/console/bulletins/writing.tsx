/** The fields of a draft: its texts, and the elements of the official document. */

import { Button, Checkbox, Input } from "antd";
import { useMemo } from "react";
import type { FrozenFigures } from "./preview.tsx";
import { ANNEXES, ELEMENTS, type Field, TEXTS, type Text, type Typed, unknownNumbers } from "./typed.ts";
import { say } from "./words.ts";

interface Props {
  readonly typed: Typed;
  /** What is saved: where both wrote, the other's version. */
  readonly saved: Typed;
  readonly clashing: readonly Field[];
  readonly figures: FrozenFigures | undefined;
  set(field: Field, value: string): void;
  /** The person's choice where both wrote. */
  settle(field: Field, isTheirs: boolean): void;
}

const LONG: ReadonlySet<Field> = new Set(["basis", "foreword", "good", "warnings", "closing", "method", "issuers"]);

export function Writing(props: Props) {
  return (
    <>
      <fieldset className="panel">
        <legend>{say("console.bulletins.texts")}</legend>
        {TEXTS.map((field) => (
          <Entry key={field} field={field} {...props} />
        ))}
      </fieldset>
      <fieldset className="panel">
        <legend>{say("console.bulletins.document")}</legend>
        {ELEMENTS.map((field) =>
          field === "annexes" ? <Annexes key={field} {...props} /> : <Entry key={field} field={field} {...props} />,
        )}
      </fieldset>
    </>
  );
}

function isText(field: Field): field is Text {
  return (TEXTS as readonly Field[]).includes(field);
}

function Entry({ field, ...props }: Props & { readonly field: Field }) {
  const { typed, figures, set } = props;
  const id = `bulletin-${field}`;
  const known = useMemo(() => new Set(figures?.numbers), [figures]);
  const doubts = figures && isText(field) ? unknownNumbers(typed[field], known) : [];
  const label = say(`console.bulletins.field.${field}`);
  const drafted = isText(field) ? figures?.drafted[field] : undefined;
  const marks = {
    id,
    lang: "zh-Hans-CN",
    value: typed[field],
    "aria-describedby": doubts.length > 0 ? `${id}-doubt` : undefined,
  };
  return (
    <div className="field">
      <label htmlFor={id}>{label}</label>
      {LONG.has(field) ? (
        <Input.TextArea {...marks} onChange={(event) => set(field, event.target.value)} />
      ) : (
        <Input
          {...marks}
          type={field === "signed_on" ? "date" : "text"}
          inputMode={field === "year" || field === "serial" ? "numeric" : undefined}
          autoComplete="off"
          onChange={(event) => set(field, event.target.value)}
        />
      )}
      {doubts.length > 0 && (
        <small id={`${id}-doubt`} className="doubt">
          {say("console.bulletins.unknown", { numbers: doubts.join(", ") })}
        </small>
      )}
      {drafted !== undefined && drafted !== typed[field] && (
        <Button type="link" onClick={() => set(field, drafted)}>
          {say("console.bulletins.as_drafted", { field: label })}
        </Button>
      )}
      <Theirs field={field} {...props} />
    </div>
  );
}

function Annexes(props: Props) {
  const { typed, set } = props;
  const chosen = typed.annexes.split("\n").filter(Boolean);
  return (
    <div className="field">
      <span id="bulletin-annexes">{say("console.bulletins.field.annexes")}</span>
      <Checkbox.Group
        role="group"
        aria-labelledby="bulletin-annexes"
        options={ANNEXES.map((value) => ({ value, label: say(`console.bulletins.annex.${value}`) }))}
        value={chosen}
        onChange={(all) => set("annexes", ANNEXES.filter((one) => all.includes(one)).join("\n"))}
      />
      <Theirs field="annexes" {...props} />
    </div>
  );
}

/** What the other person wrote there, and which of both it is to be. */
function Theirs({ field, saved, clashing, settle }: Props & { readonly field: Field }) {
  if (!clashing.includes(field)) return null;
  const label = say(`console.bulletins.field.${field}`);
  return (
    <div className="theirs">
      <strong>{say("console.bulletins.theirs")}</strong>
      <p lang="zh-Hans-CN">{saved[field] || "—"}</p>
      <div className="acts">
        <Button onClick={() => settle(field, true)}>{say("console.bulletins.take_theirs", { field: label })}</Button>
        <Button onClick={() => settle(field, false)}>{say("console.bulletins.keep_mine", { field: label })}</Button>
      </div>
    </div>
  );
}
