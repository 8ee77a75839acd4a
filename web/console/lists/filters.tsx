/** What narrows a list: a field for each filter that the list has, of its kind. */

import { Button, Input, Select } from "antd";
import { type FormEvent, useState } from "react";
import { headingOf, useNames } from "../names.ts";
import { say } from "../words.ts";
import type { Filter, List, Wish } from "./lists.ts";

const FIRST = 6;
const TYPES: Readonly<Record<string, string>> = { day: "date", time: "datetime-local" };

interface Props {
  readonly list: List;
  readonly wish: Wish;
  ask(changes: Readonly<Record<string, string | undefined>>): void;
}

export function Filters({ list, wish, ask }: Props) {
  const given = Object.fromEntries(list.filters.map(({ name }) => [name, wish[name]]));
  const [values, setValues] = useState<Readonly<Record<string, string | undefined>>>(given);
  const [isWhole, setWhole] = useState(list.filters.slice(FIRST).some(({ name }) => wish[name] !== undefined));
  const set = (name: string, value: string | undefined) => setValues({ ...values, [name]: value || undefined });
  const submit = (event: FormEvent) => {
    event.preventDefault();
    ask({ ...values, after: undefined });
  };
  const clear = () =>
    ask({ ...Object.fromEntries(list.filters.map(({ name }) => [name, undefined])), after: undefined });
  if (list.filters.length === 0) return null;
  return (
    <form className="filters" onSubmit={submit} aria-label={say("console.table.filter")}>
      {list.filters.slice(0, isWhole ? undefined : FIRST).map((filter) => (
        <Field key={filter.name} filter={filter} value={values[filter.name]} set={(value) => set(filter.name, value)} />
      ))}
      <div className="acts">
        {list.filters.length > FIRST && (
          <Button type="link" aria-expanded={isWhole} onClick={() => setWhole(!isWhole)}>
            {say(isWhole ? "console.table.fewer" : "console.table.more")}
          </Button>
        )}
        <Button onClick={clear}>{say("console.table.clear")}</Button>
        <Button type="primary" htmlType="submit">
          {say("console.table.apply")}
        </Button>
      </div>
    </form>
  );
}

interface FieldProps {
  readonly filter: Filter;
  readonly value: string | undefined;
  set(value: string | undefined): void;
}

function Field({ filter, value, set }: FieldProps) {
  const id = `filter-${filter.name}`;
  const yesNo = [
    { value: "true", label: say("console.table.yes") },
    { value: "false", label: say("console.table.no") },
  ];
  const words = filter.choices.map((choice) => ({ value: choice.value, label: choice.word }));
  const named = useNames().choices(filter.name);
  const options = filter.kind === "yes_no" ? yesNo : named.length > 0 ? named : words;
  return (
    <div>
      <label htmlFor={id}>{headingOf(filter)}</label>
      {options.length > 0 ? (
        <Select
          id={id}
          value={value ?? ""}
          options={[{ value: "", label: say("console.table.any") }, ...options]}
          onChange={set}
          popupMatchSelectWidth={false}
          {...(named.length > 0 && { showSearch: { optionFilterProp: "label" } })}
        />
      ) : (
        <Input
          id={id}
          type={TYPES[filter.kind] ?? "text"}
          inputMode={filter.kind === "number" ? "numeric" : undefined}
          value={value ?? ""}
          onChange={(event) => set(event.target.value)}
        />
      )}
    </div>
  );
}
