/** The head of both pages: which canteen they are of, as the address says it. */

import { useNavigate } from "@tanstack/react-router";
import { Select } from "antd";
import { type ReactNode, useEffect } from "react";
import { inMine } from "../../shared/language.ts";
import { type Canteen, useCanteens } from "../canteens.ts";
import { useWish } from "../links.ts";
import { Trouble } from "../trouble.tsx";
import { say } from "./words.ts";

export type Ask = (changes: Readonly<Record<string, string | undefined>>) => void;

/** Puts something else into the address of this page. */
export function useAsk(path: "/kitchen" | "/menus"): Ask {
  const wish = useWish();
  const navigate = useNavigate();
  return (changes) => {
    const said = Object.entries({ ...wish, ...changes }).filter(([, value]) => value);
    void navigate({ to: path, search: Object.fromEntries(said) as never });
  };
}

interface Props {
  readonly title: string;
  readonly ask: Ask;
  /** What else is chosen. */
  readonly choices: ReactNode;
  of(canteen: Canteen): ReactNode;
}

export function OfCanteen({ title, ask, choices, of }: Props) {
  const { canteen_id } = useWish();
  const canteens = useCanteens();
  const canteen = canteens.find((one) => canteen_id === undefined || String(one.canteen_id) === canteen_id);
  useEffect(() => {
    document.title = `${title} · ${say("console.title")}`;
  }, [title]);
  return (
    <>
      <div className="heading">
        <div>
          <h1>{title}</h1>
          <p className="unit">{canteen && inMine(canteen.name_zh, canteen.name_en)}</p>
        </div>
        <div className="acts">
          {canteens.length > 1 && canteen && (
            <Select
              aria-label={say("console.named.canteen_id")}
              value={String(canteen.canteen_id)}
              popupMatchSelectWidth={false}
              showSearch={{ optionFilterProp: "label" }}
              options={canteens.map((one) => ({
                value: String(one.canteen_id),
                label: inMine(one.name_zh, one.name_en),
              }))}
              onChange={(value) => ask({ canteen_id: value })}
            />
          )}
          {choices}
        </div>
      </div>
      {canteen && of(canteen)}
      {!canteen && canteens.length > 0 && <Trouble error={new Error(say("console.kitchen.not_yours"))} />}
    </>
  );
}
