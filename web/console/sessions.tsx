/** Where one is signed in: each session can be ended, and all others at once. */

import { useQuery, useQueryClient } from "@tanstack/react-query";
import { App, Button, Skeleton } from "antd";
import type { components } from "../shared/api/schema.ts";
import { dayAndTime } from "../shared/formats.ts";
import { language } from "../shared/language.ts";
import { centre, held, inSession, pageOfSignIn } from "./centre.ts";
import { Trouble } from "./trouble.tsx";
import { say } from "./words.ts";

type Shown = components["schemas"]["SessionShown"];

export function Sessions() {
  const { message } = App.useApp();
  const queries = useQueryClient();
  const { data, error, refetch } = useQuery({
    queryKey: ["sessions"],
    queryFn: () => held(centre.GET("/console/sessions")),
  });
  if (error) return <Trouble error={error} again={refetch} />;
  if (!data) return <Skeleton active />;
  const end = async (ending: Promise<unknown>, said: string) => {
    await ending.then(
      () => message.success(said),
      (failed: Error) => message.error(failed.message),
    );
    await queries.invalidateQueries({ queryKey: ["sessions"] });
  };
  const endOne = (one: Shown) =>
    end(
      inSession(() => held(centre.DELETE("/console/sessions/{number}", { params: { path: { number: one.number } } }))),
      say("console.sessions.ended", { device: one.device }),
    );
  const endOthers = () =>
    end(
      inSession(() => held(centre.DELETE("/console/sessions"))),
      say("console.sessions.others_ended"),
    );
  return (
    <>
      <div className="heading">
        <h1>{say("console.sessions.title")}</h1>
        <div className="acts">
          {data.length > 1 && (
            <Button danger onClick={endOthers}>
              {say("console.sessions.end_others")}
            </Button>
          )}
          <a href={pageOfSignIn("/account")}>{say("console.me.account")}</a>
        </div>
      </div>
      <section className="table" aria-label={say("console.sessions.title")}>
        <table>
          <caption>{say("console.sessions.title")}</caption>
          <thead>
            <tr>
              <th scope="col">{say("console.sessions.device")}</th>
              <th scope="col">{say("console.sessions.address")}</th>
              <th scope="col">{say("console.sessions.made_at")}</th>
              <th scope="col">{say("console.sessions.last_used_at")}</th>
              <th scope="col">{say("console.sessions.expires_at")}</th>
              <td />
            </tr>
          </thead>
          <tbody>
            {data.map((one) => (
              <tr key={one.number}>
                <th scope="row">{one.device || say("console.sessions.unknown")}</th>
                <td>{one.address}</td>
                <td>{dayAndTime(one.made_at, language)}</td>
                <td>{dayAndTime(one.last_used_at, language)}</td>
                <td>{dayAndTime(one.expires_at, language)}</td>
                <td>
                  {one.current ? (
                    say("console.sessions.current")
                  ) : (
                    <Button
                      size="small"
                      aria-label={say("console.sessions.end_one", { device: one.device, address: one.address })}
                      onClick={() => endOne(one)}
                    >
                      {say("console.sessions.end")}
                    </Button>
                  )}
                </td>
              </tr>
            ))}
          </tbody>
        </table>
      </section>
    </>
  );
}
