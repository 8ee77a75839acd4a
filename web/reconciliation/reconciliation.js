// Signs a person in, and shows the differences that he may see, with cause and age.
const KINDS = {
  terminal: ["终端与账本", "Terminals and ledger"],
  bank_leg: ["账本与银行", "Ledger and bank"],
  bank_entry: ["未匹配的银行入账", "Unmatched bank entries"],
  float: ["钱包与备付金", "Purses and float"],
  cycle: ["清算场次", "Clearing cycles"],
};
const CAUSES = {
  terminal_awaits_answers: ["终端有未决交易,请联网补发", "the terminal awaits answers: let it send again"],
  terminal_forgot_payments: ["账本多于终端:终端流水可能丢失", "the ledger has more: the terminal's journal may be lost"],
  terminal_shows_more: ["终端多于账本:请立即核查", "the terminal shows more: look into it at once"],
  agency_has_not_paid: ["单位尚未付款", "the agency has not paid"],
  bank_has_not_confirmed: ["银行尚未确认付款", "the bank has not confirmed"],
  paid_in_part: ["仅部分到账", "paid in part"],
  unknown_reference: ["附言编号不明", "no position has this reference"],
  wrong_direction: ["收付方向相反", "the money went the other way"],
  too_much: ["超过应付金额", "more than is due"],
  ledger_damaged: ["账本不平:请运行 onecard verify", "the ledger does not add up: run onecard verify"],
  stuck_closing: ["关账未完成", "not closed yet"],
  stuck_closed: ["未轧差", "not netted yet"],
  stuck_netted: ["未发布", "not published yet"],
};
const state = document.getElementById("state");
const form = document.getElementById("sign-in");
let token = "";

function say(text, wrong = false) {
  state.textContent = text;
  state.className = wrong ? "wrong" : "";
}

async function ask(method, path, message) {
  const headers = { "content-type": "application/json" };
  if (token) headers.authorization = `Bearer ${token}`;
  const answer = await fetch(path, { method, headers, body: message && JSON.stringify(message) });
  const told = await answer.json();
  if (!answer.ok) throw new Error(`${told.title_zh} · ${told.title_en}`);
  return told;
}

function both(parent, [chinese, english]) {
  parent.append(chinese);
  const small = document.createElement("small");
  small.textContent = english;
  parent.append(small);
}

function age(seconds) {
  if (seconds < 3600) return `${Math.max(1, Math.round(seconds / 60))} 分 min`;
  if (seconds < 172800) return `${Math.round(seconds / 3600)} 时 h`;
  return `${Math.round(seconds / 86400)} 天 d`;
}

function draw(differences) {
  const open = differences.filter((d) => d.resolved_at === null);
  const kinds = document.getElementById("kinds");
  kinds.replaceChildren();
  for (const [kind, names] of Object.entries(KINDS)) {
    const count = open.filter((d) => d.kind === kind).length;
    const box = document.createElement("div");
    box.className = count ? "open" : "";
    const number = document.createElement("strong");
    number.textContent = count;
    box.append(number, names[0]);
    const small = document.createElement("small");
    small.textContent = ` ${names[1]}`;
    box.append(small);
    kinds.append(box);
  }
  const body = document.getElementById("differences");
  body.replaceChildren();
  for (const d of differences) {
    const row = body.insertRow();
    row.className = d.resolved_at === null ? "" : "resolved";
    both(row.insertCell(), [d.subject, KINDS[d.kind].join(" ")]);
    both(row.insertCell(), d.resolved_at === null ? CAUSES[d.cause] : ["已解决", "resolved"]);
    const money = row.insertCell();
    money.className = "number";
    money.textContent = (d.amount_fen / 100).toLocaleString(undefined, { minimumFractionDigits: 2 });
    const old = row.insertCell();
    old.className = "number";
    old.textContent = age((new Date(d.resolved_at ?? Date.now()) - new Date(d.first_seen)) / 1000);
  }
  document.getElementById("found").hidden = false;
  say(open.length ? `${open.length} 项差异 · differences` : "全部相符 · everything agrees");
}

form.addEventListener("submit", async (event) => {
  event.preventDefault();
  const given = Object.fromEntries(new FormData(form));
  try {
    token = (await ask("POST", "/console/sessions", given)).token;
    draw(await ask("GET", "/clearing/differences?resolved=true"));
    form.hidden = true;
    setInterval(async () => draw(await ask("GET", "/clearing/differences?resolved=true")), 30000);
  } catch (error) {
    token = "";
    say(error.message, true);
  }
});
