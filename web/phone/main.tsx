/** The traveller's phone: the key and the code first, everything else after. */

import { render } from "preact";
import { begin } from "../shared/begin.ts";
import { tag } from "../shared/language.ts";
import { openDatabase } from "../shared/terminal/indexedDb.ts";
import { Phone, type PhoneSetup } from "../shared/terminal/phone.ts";
import { fetchTransport } from "../shared/terminal/transport.ts";
import "../shared/tokens.css";
import "../shared/components.css";
import "./phone.css";
import { App } from "./app.tsx";
import { whenActivated } from "./owner.ts";
import { say } from "./words.ts";

begin(say("phone.title"));

const { store, journal } = await openDatabase("phone");
const send = fetchTransport(location.origin);
const setup: PhoneSetup = {
  origin: location.origin,
  store,
  // Refusals come in the reader's language, which need not be the browser's.
  transport: (message) => send({ ...message, fields: { ...message.fields, "accept-language": tag } }),
};
// Another tab made this browser another official's phone: nothing of the former one's stays on the screen.
whenActivated(() => location.reload());
const phone = await Phone.open(setup);
render(<App setup={setup} opened={phone} journal={journal} />, document.getElementById("app") as HTMLElement);
