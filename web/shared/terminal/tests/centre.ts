/** The centre's side of a signature, as far as the tests of a client need one. */

import { type Bytes, utf8 } from "../bytes.ts";
import {
  ANSWER,
  answerBase,
  contentDigest,
  type Fields,
  IN_SESSION,
  OPENING,
  requestBase,
  type Signer,
  signatureBytes,
  signatureField,
  TAG,
  type Verifier,
} from "../signatures.ts";

const AUTHORITY = /^[a-z0-9](?:[a-z0-9.-]*[a-z0-9])?(?::(?!(?:80|443)$)[1-9][0-9]{0,4})?$/;
const NUMBER = /^[1-9][0-9]*\/[1-9][0-9]*$/;

/**
 * Why a request is refused: the problem's type; null when its signature is right. `keyId`, `inSession`: whose key the
 * verifier has, and whether the path is for a session; any when they are not given.
 */
export async function refusalOfRequest(
  method: string,
  path: string,
  fields: Fields,
  body: Bytes,
  verifier: Verifier,
  keyId?: string,
  inSession?: boolean,
): Promise<string | null> {
  const input = /^onecard=((\([^)]*\));created=[1-9][0-9]*;keyid="([^"]+)";alg="([a-z0-9-]+)"(?:;tag="([^"]+)")?)$/;
  const read = input.exec(fields["signature-input"] ?? "");
  if (!read) return "bad-signature";
  const [, parameters = "", components, sender, algorithm, tag] = read;
  if (tag !== TAG) return "protocol-unknown";
  const requestId = fields["onecard-request"];
  const [authority = "", digest = ""] = [fields.host, fields["content-digest"]];
  const signature = signatureBytes(fields.signature ?? "");
  const isOfProfile =
    (keyId === undefined || sender === keyId) &&
    (inSession === undefined || (algorithm === "hmac-sha256") === inSession) &&
    components === (algorithm === "hmac-sha256" ? IN_SESSION : OPENING) &&
    AUTHORITY.test(authority) &&
    digest === (await contentDigest(body)) &&
    (requestId === undefined || NUMBER.test(requestId));
  if (!isOfProfile || !signature) return "bad-signature";
  const message = { method, authority, path, ...(requestId === undefined ? {} : { requestId }) };
  return (await verifier(utf8(requestBase(message, digest, parameters)), signature)) ? null : "bad-signature";
}

/** The header fields of a signed answer. */
export async function signAnswer(
  request: Fields,
  status: number,
  body: Bytes,
  by: { blockList: number; created: number; keyId: string },
  signer: Signer,
): Promise<Record<string, string>> {
  const parameters = `${ANSWER};created=${by.created};keyid="${by.keyId}";alg="${signer.algorithm}";tag="${TAG}"`;
  const fields = { "content-digest": await contentDigest(body), "onecard-block-list": String(by.blockList) };
  const base = answerBase(status, fields, (request.signature ?? "").slice("onecard=".length), parameters);
  const signature = await signer.sign(utf8(base));
  return { ...fields, "signature-input": `onecard=${parameters}`, signature: signatureField(signature) };
}
