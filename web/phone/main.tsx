/** The traveller's phone: the key and the code first, everything else after. */

import { render } from "preact";
import { openDatabase } from "../shared/terminal/indexedDb.ts";
import { Phone, type PhoneSetup } from "../shared/terminal/phone.ts";
import { fetchTransport } from "../shared/terminal/transport.ts";
import "../shared/tokens.css";
import "./phone.css";
import { App } from "./app.tsx";
import { followLook } from "./look.ts";
import { say, tag } from "./words.ts";

document.documentElement.lang = tag;
document.title = say("phone.title");
followLook();

const { store } = await openDatabase("phone");
const send = fetchTransport(location.origin);
const setup: PhoneSetup = {
  origin: location.origin,
  store,
  // Refusals come in the reader's language, which need not be the browser's.
  transport: (message) => send({ ...message, fields: { ...message.fields, "accept-language": tag } }),
};
const phone = await Phone.open(setup);
render(<App setup={setup} opened={phone} />, document.getElementById("app") as HTMLElement);

if ("serviceWorker" in navigator) void navigator.serviceWorker.register("/phone/sw.js", { scope: "/phone/" });
