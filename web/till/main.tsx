/** The till: one tab of one browser is one terminal. */

import { render } from "preact";
import { begin } from "../shared/begin.ts";
import { openDatabase } from "../shared/terminal/indexedDb.ts";
import { type Setup, Terminal } from "../shared/terminal/terminal.ts";
import "../shared/tokens.css";
import "../shared/components.css";
import "./till.css";
import { App } from "./app.tsx";
import { Elsewhere } from "./elsewhere.tsx";
import { holdTill } from "./oneTab.ts";
import { say } from "./words.ts";

begin(say("till.title"));
const root = document.getElementById("app") as HTMLElement;

async function open(takeOver: boolean): Promise<void> {
  const lost = new AbortController();
  if (!(await holdTill(takeOver, () => lost.abort()))) return showElsewhere(false);
  const { journal, store, close } = await openDatabase("till");
  lost.signal.addEventListener("abort", () => {
    showElsewhere(true);
    close();
  });
  const setup: Setup = { origin: location.origin, journal, store, device: await deviceOf(store) };
  const terminal = await Terminal.open(setup);
  const drawer = String((await store.read("drawer")) ?? "1");
  render(<App setup={setup} opened={terminal} drawer={drawer} />, root);
}

function showElsewhere(isLost: boolean): void {
  render(null, root);
  render(<Elsewhere isLost={isLost} takeOver={() => void open(true)} />, root);
}

async function deviceOf(store: Setup["store"]): Promise<Setup["device"]> {
  const serial = String((await store.read("serial")) ?? crypto.randomUUID());
  await store.write("serial", serial);
  return { software: "onecard till 1", model: "browser", serial };
}

void open(false);
