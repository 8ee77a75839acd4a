/** Files that belong to something: pictures are shown, all of them can be saved. */

import { say } from "../words.ts";

interface Shown {
  readonly url: string;
  readonly name: string;
  readonly media_type: string;
}

export function Files({ files }: { files: readonly Shown[] }) {
  if (files.length === 0) return null;
  return (
    <section>
      <h2>{say("console.belongs.files")}</h2>
      <ul className="files">
        {files.map((file) => (
          <li key={file.url}>
            <a href={file.url} download>
              {file.media_type.startsWith("image/") && <img src={file.url} alt="" loading="lazy" />}
              {file.name}
            </a>
          </li>
        ))}
      </ul>
    </section>
  );
}
