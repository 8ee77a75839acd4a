/** A list: narrowed, put in order, page by page, its columns chosen, saved as a file. The address says all of it. */

import { keepPreviousData, useQuery } from "@tanstack/react-query";
import { useNavigate } from "@tanstack/react-router";
import { App, Button, Checkbox, Dropdown, Popover, Select, Skeleton } from "antd";
import { useEffect, useState } from "react";
import { clockWithSeconds } from "../../shared/formats.ts";
import { language } from "../../shared/language.ts";
import { actsAt, linkToAct, useActs } from "../acts/acts.ts";
import { useWish } from "../links.ts";
import { headingOf } from "../names.ts";
import { Trouble } from "../trouble.tsx";
import { say } from "../words.ts";
import { Filters } from "./filters.tsx";
import { asked, type Column, type List, readPage, save, usualColumns, type Wish } from "./lists.ts";
import { Table } from "./table.tsx";

const PAGE_SIZES = ["20", "50", "100", "500"];
export function ListPage({ list }: { list: List }) {
  const wish = useWish();
  const navigate = useNavigate();
  const { data, error, refetch, isFetching, isPlaceholderData, dataUpdatedAt } = useQuery({
    queryKey: ["list", list.path, asked(wish)],
    placeholderData: keepPreviousData,
    queryFn: () => readPage(list, wish),
  });
  useEffect(() => {
    document.title = `${list.title} · ${say("console.title")}`;
  }, [list.title]);
  const ask = (changes: Readonly<Record<string, string | undefined>>) => {
    const merged = Object.entries({ ...wish, ...changes }).filter(([, value]) => value);
    void navigate({ to: list.path, search: Object.fromEntries(merged) as never });
  };
  const named = wish.columns?.split(",");
  const columns = named ? list.columns.filter((column) => named.includes(column.name)) : usualColumns(list);
  const order = { by: wish.sort ?? "", change: (sort: string) => ask({ sort, after: undefined }) };
  const filtered = list.filters.some((filter) => wish[filter.name] !== undefined);
  return (
    <>
      <div className="heading">
        <h1>{list.title}</h1>
        <div className="acts">
          <Acts list={list} />
          <Orders list={list} wish={wish} ask={ask} />
          <Columns list={list} chosen={columns} choose={(names) => ask({ columns: names.join(",") })} />
          <Export list={list} wish={wish} />
        </div>
      </div>
      <Filters key={JSON.stringify(asked(wish))} list={list} wish={wish} ask={ask} />
      {error && <Trouble error={error} again={refetch} />}
      {!data && !error && <Skeleton active />}
      {data && data.items.length === 0 && (
        <p className="calm">{say(filtered || wish.after ? "console.table.empty" : "console.table.empty_list")}</p>
      )}
      {data && data.items.length > 0 && (
        <div className={isPlaceholderData ? "stale" : undefined}>
          <Table list={list} rows={data.items} columns={columns} order={order} />
        </div>
      )}
      {data && (
        <div className="pager">
          <span role="status">
            {isFetching
              ? say("console.table.loading")
              : `${say("console.table.rows", { count: data.items.length })} · ${say("console.table.read_at", { at: clockWithSeconds(dataUpdatedAt / 1000, language) })}`}
          </span>
          <Button onClick={() => refetch()}>{say("console.table.reload")}</Button>
          <Select
            aria-label={say("console.table.page_size")}
            value={wish.limit ?? "50"}
            options={PAGE_SIZES.map((value) => ({ value, label: `${value} / ${say("console.table.page_size")}` }))}
            onChange={(limit) => ask({ limit, after: undefined })}
          />
          <Button disabled={!wish.after} onClick={() => ask({ after: undefined })}>
            {say("console.table.first")}
          </Button>
          <Button disabled={!wish.after} onClick={() => history.back()}>
            {say("console.table.previous")}
          </Button>
          <Button disabled={data.next === null} onClick={() => ask({ after: data.next ?? undefined })}>
            {say("console.table.next")}
          </Button>
        </div>
      )}
    </>
  );
}

/** What may be changed at the list as a whole: the first by a button, the others in a menu beside it. */
function Acts({ list }: { list: List }) {
  const acts = actsAt(useActs().data ?? [], list);
  const [first, ...others] = acts;
  if (!first) return null;
  const items = others.map((act) => ({ key: act.name, label: <a href={linkToAct(act, list)}>{act.title}</a> }));
  return (
    <>
      <Button type="primary" href={linkToAct(first, list)}>
        {first.title}
      </Button>
      {items.length > 0 && (
        <Dropdown menu={{ items }} trigger={["click"]}>
          <Button>{say("console.act.more")}</Button>
        </Dropdown>
      )}
    </>
  );
}

type Ask = (changes: Readonly<Record<string, string | undefined>>) => void;

function Orders({ list, wish, ask }: { list: List; wish: Wish; ask: Ask }) {
  const orderOf = (name: string) => list.columns.find((column) => column.name === name)?.heading ?? name;
  const options = ["", ...list.sorts].flatMap((name) => {
    const label = name === "" ? say("console.table.sort_key") : orderOf(name);
    const key = name || "number";
    return [
      { value: name, label: `${label} ↑` },
      { value: `-${key}`, label: `${label} ↓` },
    ];
  });
  return (
    <Select
      aria-label={say("console.table.sort")}
      popupMatchSelectWidth={false}
      value={wish.sort ?? ""}
      options={options}
      onChange={(sort) => ask({ sort, after: undefined })}
    />
  );
}

interface Choosing {
  readonly list: List;
  readonly chosen: readonly Column[];
  choose(names: string[]): void;
}

function Columns({ list, chosen, choose }: Choosing) {
  const names = new Set(chosen.map((column) => column.name));
  const toggle = (name: string) => {
    const next = names.has(name) ? [...names].filter((one) => one !== name) : [...names, name];
    if (next.length > 0) choose(list.columns.map((column) => column.name).filter((one) => next.includes(one)));
  };
  const boxes = (
    <div className="choices">
      {list.columns.map((column) => (
        <Checkbox key={column.name} checked={names.has(column.name)} onChange={() => toggle(column.name)}>
          {headingOf(column)}
        </Checkbox>
      ))}
    </div>
  );
  return (
    <Popover trigger="click" placement="bottomRight" content={boxes}>
      <Button>{say("console.table.columns")}</Button>
    </Popover>
  );
}

function Export({ list, wish }: { list: List; wish: Wish }) {
  const { message } = App.useApp();
  const [isSaving, setSaving] = useState(false);
  const saveAs = async (kind: "csv" | "xlsx") => {
    setSaving(true);
    try {
      await save(list, wish, kind);
    } catch (error) {
      message.error((error as Error).message);
    } finally {
      setSaving(false);
    }
  };
  const items = (["xlsx", "csv"] as const).map((kind) => ({
    key: kind,
    label: kind.toUpperCase(),
    onClick: () => saveAs(kind),
  }));
  return (
    <Dropdown menu={{ items }} trigger={["click"]}>
      <Button disabled={isSaving} aria-busy={isSaving}>
        {say("console.table.export")}
      </Button>
    </Dropdown>
  );
}
