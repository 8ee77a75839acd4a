/** The console: every role does its work here, in a browser of a desk or a tablet. */

import { QueryClientProvider } from "@tanstack/react-query";
import { RouterProvider } from "@tanstack/react-router";
import { createRoot } from "react-dom/client";
import { beginPage } from "../shared/begin.ts";
import "../shared/tokens.css";
import "./console.css";
import { queries, whenLeft } from "./centre.ts";
import { Looks } from "./looks.tsx";
import { router } from "./router.tsx";
import { Session } from "./session.tsx";
import { say } from "./words.ts";

beginPage(say("console.title"));
const root = createRoot(document.getElementById("app") as HTMLElement);
whenLeft(() => root.unmount());
root.render(
  <Looks>
    <QueryClientProvider client={queries}>
      <Session>
        <RouterProvider router={router} />
      </Session>
    </QueryClientProvider>
  </Looks>,
);
