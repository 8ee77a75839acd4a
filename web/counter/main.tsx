/** The display at a counter: the last payments of one canteen, on any screen. */

import { render } from "preact";
import { begin } from "../shared/begin.ts";
import "../shared/tokens.css";
import "../shared/components.css";
import "./counter.css";
import { App } from "./app.tsx";
import { openDisplay } from "./display.ts";
import { say } from "./words.ts";

begin(say("counter.title"));
const token = location.hash.slice(1);
// The link opens the canteen's payments: it is not left on a screen that everybody sees.
history.replaceState(null, "", `${location.pathname}${location.search}`);
render(<App opening={openDisplay(token)} />, document.getElementById("app") as HTMLElement);
