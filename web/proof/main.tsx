/** The page that checks a proof bundle: for whoever has one and the centre's public key, without the centre. */

import { render } from "preact";
import { begin } from "../shared/begin.ts";
import "../shared/tokens.css";
import "../shared/components.css";
import "./proof.css";
import { App } from "./app.tsx";
import { say } from "./words.ts";

begin(say("proof.title"));
render(<App />, document.getElementById("app") as HTMLElement);
