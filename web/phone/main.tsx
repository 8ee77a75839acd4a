/** The traveller's phone: the key and the code first, everything else after. */

import { render } from "preact";
import { openDatabase } from "../shared/terminal/indexedDb.ts";
import { Phone, type PhoneSetup } from "../shared/terminal/phone.ts";
import "../shared/tokens.css";
import "./phone.css";
import { App } from "./app.tsx";
import { applyLook } from "./look.ts";
import { language, say } from "./words.ts";

document.documentElement.lang = language === "zh" ? "zh-Hans-CN" : "en";
document.title = say("phone.title");
applyLook();

const { store } = await openDatabase("phone");
const setup: PhoneSetup = { origin: location.origin, store };
const phone = await Phone.open(setup);
render(<App setup={setup} opened={phone} />, document.getElementById("app") as HTMLElement);

if ("serviceWorker" in navigator) void navigator.serviceWorker.register("/phone/sw.js", { scope: "/phone/" });
