// Shows what waits for a second person in the reader's words, and sends the decision.
import { ask, begin, explain, speak } from "./session.js";

const TEXTS = {
  zh: {
    tag: "zh-Hans-CN",
    other: "English",
    title: "机关食堂一卡通　复核",
    heading: "复核",
    signInFirst: "请登录后查看",
    show: "显示",
    which: { pending: "待复核", approved: "已通过", rejected: "已驳回", expired: "已过期" },
    none: "没有此类申请",
    count: (count) => `共${count}项`,
    number: (number) => `申请${number}`,
    maker: "经办人",
    commandLine: "命令行",
    madeAt: "提交时间",
    expiresAt: "有效期至",
    reason: "理由",
    agency: "单位",
    decided: { approved: "复核通过", rejected: "驳回" },
    by: (login, at) => `${login}，${at}`,
    remark: "复核意见",
    remarkHint: "复核意见（驳回时必填）",
    approve: "通过",
    reject: "驳回",
    own: "您提交的申请，须由他人复核",
    reasonNeeded: "驳回时请填写复核意见",
    sure: (what) => `确认通过“${what}”？`,
    done: { approved: (n) => `申请${n}已通过并执行`, rejected: (n) => `申请${n}已驳回` },
    holder: "人员编号",
    amount: "金额（元）",
    payee: "收款单位",
    account: "账号",
    bank: "开户行行号",
    reference: "结算编号",
    items: (count) => `逐笔明细（${count}笔）`,
    payment: "原交易凭证号",
    batch: "批次",
    again: "再次发放理由",
    before: "现账户",
    after: "新账户",
    noAccount: "无",
    cooling: "冷静期",
    hours: (count) => `复核通过后${count}小时启用，其间仍付至现账户`,
    day: "营业日",
    cutOff: "日切时间",
    ahead: "提前",
    minutes: (count) => (count < 120 ? `${count}分钟` : `${Math.round(count / 60)}小时`),
    digest: "文件摘要（SHA-256）",
    provider: "登录方",
    identities: "绑定数",
    canteenNumber: "食堂编号",
    entry: "记录",
    amountBefore: "原金额",
    amountAfter: "更正后金额",
    entryKinds: { purchase: "采购", stock: "盘点", collected: "清运" },
    destinations: {
      feed: "饲料化", biogas: "沼气", compost: "堆肥", incineration: "焚烧", landfill: "填埋", donation: "捐赠",
    },
    meal: "餐次",
    stream: "称重类别",
    weightBefore: "原重量（公斤）",
    weightAfter: "更正为（公斤）",
    withdrawn: "撤销",
    newAgency: "调入单位",
    newHolder: "新人员编号",
    meals: { breakfast: "早餐", lunch: "午餐", dinner: "晚餐" },
    streams: {
      plate: "餐盘剩余", unserved: "备餐剩余（未取用）", preparation: "加工损耗", inedible: "不可食部分", prepared: "备餐总量",
    },
    centre: "机关食堂清算中心",
    yuan: (text) => `${text}元`,
    kinds: {
      top_up: "充值",
      grant: "餐补发放",
      grant_file: "餐补发放（工资文件）",
      refund: "退款",
      closure: "销户并退还余额",
      move: "人员调出，余额随人转移",
      bank_account: "变更银行账户",
      bank_file: "付款文件",
      close_day: "提前关账",
      directory_leavers: "停用已离开通讯录的人员",
      correction: "更正称重记录",
      material_correction: "更正采购、盘点和清运记录",
    },
  },
  en: {
    tag: "en",
    other: "中文",
    title: "onecard: approvals",
    heading: "Approvals",
    signInFirst: "Sign in to see the requests",
    show: "Show",
    which: { pending: "Pending", approved: "Approved", rejected: "Rejected", expired: "Expired" },
    none: "No such requests",
    count: (count) => (count === 1 ? "1 request" : `${count} requests`),
    number: (number) => `Request ${number}`,
    maker: "Asked by",
    commandLine: "command line",
    madeAt: "Asked at",
    expiresAt: "Valid until",
    reason: "Reason",
    agency: "Agency",
    decided: { approved: "Approved", rejected: "Rejected" },
    by: (login, at) => `${login}, ${at}`,
    remark: "Remark",
    remarkHint: "Remark (needed for a rejection)",
    approve: "Approve",
    reject: "Reject",
    own: "Your own request; somebody else decides it",
    reasonNeeded: "Say why you reject it",
    sure: (what) => `Approve "${what}"?`,
    done: { approved: (n) => `Request ${n} is approved and carried out`, rejected: (n) => `Request ${n} is rejected` },
    holder: "Holder",
    amount: "Amount (yuan)",
    payee: "Payee",
    account: "Account",
    bank: "Bank (CNAPS)",
    reference: "Reference",
    items: (count) => `Item by item (${count})`,
    payment: "Receipt number of the payment",
    batch: "Batch",
    again: "Granted once more because",
    before: "Account now",
    after: "New account",
    noAccount: "none",
    cooling: "Cooling-off",
    hours: (count) => `used ${count} h after the approval; until then the account now is paid`,
    day: "Business day",
    cutOff: "Cut-off",
    ahead: "Early by",
    minutes: (count) => (count < 120 ? `${count} min` : `${Math.round(count / 60)} h`),
    digest: "File digest (SHA-256)",
    provider: "Provider",
    identities: "Identities",
    canteenNumber: "Canteen number",
    entry: "Entry",
    amountBefore: "Amount before",
    amountAfter: "Corrected amount",
    entryKinds: { purchase: "Purchase", stock: "Stock count", collected: "Ticket" },
    destinations: {
      feed: "animal feed", biogas: "biogas", compost: "compost", incineration: "incineration", landfill: "landfill",
      donation: "donation",
    },
    meal: "Meal",
    stream: "Stream",
    weightBefore: "Weight before (kg)",
    weightAfter: "Corrected to (kg)",
    withdrawn: "taken back",
    newAgency: "New agency",
    newHolder: "New holder number",
    meals: { breakfast: "Breakfast", lunch: "Lunch", dinner: "Dinner" },
    streams: {
      plate: "Plate waste", unserved: "Surplus (not taken)", preparation: "Preparation waste", inedible: "Inedible parts",
      prepared: "Total prepared",
    },
    centre: "Clearing centre",
    yuan: (text) => `¥${text}`,
    kinds: {
      top_up: "Top-up",
      grant: "Subsidy grant",
      grant_file: "Subsidy grant (payroll file)",
      refund: "Refund",
      closure: "Closing an account with its pay-out",
      move: "People move to another agency, their cash with them",
      bank_account: "Change of a bank account",
      bank_file: "Payment file",
      close_day: "Early close of a day",
      directory_leavers: "People who have left the directory",
      correction: "Correction of weigh-ins",
      material_correction: "Correction of purchases, counts and tickets",
    },
  },
};
const REFRESH_MS = 30000;
const LISTED_MAX = 200;
// The maker of what was asked for on the centre's own machine (onecard/cli/clearing.py).
const COMMAND_LINE = "command line";
const state = document.getElementById("state");
const which = document.getElementById("which");
const parameters = new URLSearchParams(location.search);
let language = document.documentElement.lang === "en" ? "en" : "zh";
let person = null;
let agencies = new Map();
let shown = null;
let refreshing = 0;

function say(text, wrong = false) {
  state.textContent = text;
  state.className = wrong ? "wrong" : "";
}

function node(name, text = "", className = "") {
  const made = document.createElement(name);
  if (text !== "") made.textContent = text;
  made.className = className;
  return made;
}

function yuan(fen) {
  return (fen / 100).toLocaleString("zh-CN", { minimumFractionDigits: 2 });
}

function moment(text) {
  const options = { dateStyle: "medium", timeStyle: "short", timeZone: "Asia/Shanghai" };
  return new Date(text).toLocaleString(language === "zh" ? "zh-CN" : "en-GB", options);
}

function agency(number) {
  const texts = TEXTS[language];
  if (!number) return texts.centre;
  const found = agencies.get(number);
  return found ? `${language === "zh" ? found.name_zh : found.name_en} (${number})` : String(number);
}

function account(given) {
  return given ? `${given.holder_name}，${given.number}，${given.bank}` : TEXTS[language].noAccount;
}

function early(body, made) {
  const cutOff = new Date(`${body.cut_off.replace(" ", "T")}:00+08:00`);
  return TEXTS[language].minutes(Math.round((cutOff - new Date(made)) / 60000));
}

// What each kind of request says, as pairs of label and text.
const FACTS = {
  top_up: () => [],
  grant: () => [],
  grant_file: (texts, body) => [
    [texts.batch, body.file.batch],
    ...(body.file.again ? [[texts.again, body.file.again]] : []),
  ],
  refund: (texts, body) => [[texts.holder, body.holder_id], [texts.payment, body.payment]],
  closure: (texts, body) => [[texts.holder, body.holder_id]],
  move: () => [],
  bank_account: (texts, body) => [
    [texts.agency, agency(body.agency_id)],
    [texts.before, account(body.replaces)],
    [texts.after, account(body.account)],
    [texts.cooling, texts.hours(body.cooling_h)],
  ],
  bank_file: (texts, body) => [[texts.day, body.business_date], [texts.digest, body.sha256]],
  directory_leavers: (texts, body) => [[texts.provider, body.provider], [texts.identities, body.identities.length]],
  correction: () => [],
  material_correction: () => [],
  close_day: (texts, body, made) => [
    [texts.day, body.business_date],
    [texts.cutOff, body.cut_off],
    [texts.ahead, early(body, made)],
  ],
};

function table(headings, rows) {
  const made = document.createElement("table");
  const head = made.createTHead().insertRow();
  headings.forEach((heading, n) => head.append(node("th", heading, n === headings.length - 1 ? "number" : "")));
  const body = made.createTBody();
  for (const row of rows) {
    const line = body.insertRow();
    row.forEach((text, n) => line.append(node("td", text, n === row.length - 1 ? "number" : "")));
  }
  return made;
}

function items(asked) {
  const texts = TEXTS[language];
  const details = document.createElement("details");
  details.append(node("summary", texts.items(asked.items)));
  if (asked.body === null) {
    details.addEventListener("toggle", () => load(asked), { once: true });
    return details;
  }
  const { deposits, payments, corrections, entries, moves } = asked.body;
  if (!deposits && !payments && !corrections && !entries && !moves) return null;
  details.open = true;
  if (moves) {
    const rows = moves.map((one) => [one.holder_id, agency(one.to_agency_id), one.to_holder_id]);
    details.append(table([texts.holder, texts.newAgency, texts.newHolder], rows));
    return details;
  }
  if (entries) {
    const amount = (fen) => (fen === null ? "" : yuan(fen));
    const rows = entries.map((one) => [
      one.canteen_id, one.on_day, `${texts.entryKinds[one.kind]} · ${texts.destinations[one.item] || one.item}`,
      amount(one.before_fen), amount(one.correction.cost_fen), String(one.before_g / 1000),
      String(one.correction.weight_g / 1000),
    ]);
    const headings = [
      texts.canteenNumber, texts.day, texts.entry, texts.amountBefore, texts.amountAfter, texts.weightBefore,
      texts.weightAfter,
    ];
    details.append(table(headings, rows));
    return details;
  }
  if (corrections) {
    const weight = (grams) => (grams === null ? texts.withdrawn : String(grams / 1000));
    const rows = corrections.map((one) => [
      one.canteen_id, one.business_date, texts.meals[one.meal], texts.streams[one.stream], weight(one.before_g),
      weight(one.correction.weight_g),
    ]);
    const headings = [texts.canteenNumber, texts.day, texts.meal, texts.stream, texts.weightBefore, texts.weightAfter];
    details.append(table(headings, rows));
    return details;
  }
  details.append(
    deposits
      ? table([texts.holder, texts.amount], deposits.map((d) => [d.holder_id, yuan(d.amount_fen)]))
      : table(
          [texts.payee, texts.account, texts.bank, texts.reference, texts.amount],
          payments.map((p) => [p.holder_name, p.number, p.bank, p.reference, yuan(p.amount_fen)]),
        ),
  );
  return details;
}

// A long list comes with its request alone.
async function load(asked) {
  try {
    const whole = await ask("GET", `/console/approvals/${asked.approval_id}`);
    shown = shown.map((one) => (one.approval_id === asked.approval_id ? whole : one));
    draw();
  } catch (error) {
    say(explain(error), true);
  }
}

function facts(asked) {
  const texts = TEXTS[language];
  const pairs = [
    ...(asked.agency_id === null ? [] : [[texts.agency, agency(asked.agency_id)]]),
    ...(asked.body === null ? [] : FACTS[asked.kind](texts, asked.body, asked.made_at)),
    ...(asked.reason ? [[texts.reason, asked.reason]] : []),
    [texts.maker, asked.maker === COMMAND_LINE ? texts.commandLine : asked.maker],
    [texts.madeAt, moment(asked.made_at)],
  ];
  if (asked.state === "pending") pairs.push([texts.expiresAt, moment(asked.expires_at)]);
  if (asked.decided_by) pairs.push([texts.decided[asked.state], texts.by(asked.decided_by, moment(asked.decided_at))]);
  if (asked.decision) pairs.push([texts.remark, asked.decision]);
  const list = document.createElement("dl");
  for (const [label, text] of pairs) list.append(node("dt", label), node("dd", String(text)));
  return list;
}

function decision(asked) {
  const texts = TEXTS[language];
  const line = node("div", "", "decide");
  const remark = document.createElement("input");
  remark.maxLength = 200;
  remark.placeholder = texts.remarkHint;
  remark.setAttribute("aria-label", texts.remarkHint);
  const approve = node("button", texts.approve, "primary");
  const reject = node("button", texts.reject, "danger");
  approve.addEventListener("click", () => {
    if (confirm(texts.sure(title(asked)))) decide(asked, "approval", remark.value.trim());
  });
  reject.addEventListener("click", () => {
    if (!remark.value.trim()) return say(texts.reasonNeeded, true);
    decide(asked, "rejection", remark.value.trim());
  });
  line.append(remark, approve, reject);
  return line;
}

function title(asked) {
  const texts = TEXTS[language];
  const kind = texts.kinds[asked.kind];
  return asked.amount_fen === null ? kind : `${kind} ${texts.yuan(yuan(asked.amount_fen))}`;
}

function drawOne(asked) {
  const texts = TEXTS[language];
  const card = node("article", "", asked.state);
  const head = node("div", "", "head");
  const name = node("h2", texts.kinds[asked.kind]);
  head.append(name, node("small", texts.number(asked.approval_id)));
  card.append(head);
  if (asked.amount_fen !== null) card.append(node("div", texts.yuan(yuan(asked.amount_fen)), "sum"));
  card.append(node("p", asked.why, "why"), facts(asked));
  const list = items(asked);
  if (list) card.append(list);
  if (asked.may_decide) card.append(decision(asked));
  else if (asked.state === "pending" && asked.maker === person?.login) card.append(node("p", texts.own, "why"));
  return card;
}

function draw() {
  const texts = TEXTS[language];
  document.documentElement.lang = texts.tag;
  document.title = texts.title;
  for (const element of document.querySelectorAll("[data-text]")) element.textContent = texts[element.dataset.text];
  const switcher = document.getElementById("language");
  switcher.textContent = texts.other;
  switcher.lang = language === "zh" ? "en" : "zh-Hans-CN";
  const chosen = which.value || "pending";
  which.replaceChildren(...Object.entries(texts.which).map(([value, text]) => new Option(text, value)));
  which.value = chosen;
  if (shown === null) return person || say(texts.signInFirst);
  document.getElementById("found").replaceChildren(...shown.map(drawOne));
}

/** All pending requests; of the decided ones, a page. A list holds so many at the most. */
async function listed(state) {
  const path = `/console/approvals/overview?state=${state}`;
  const found = await ask("GET", path);
  let next = found;
  while (state === "pending" && next.length === LISTED_MAX) {
    next = await ask("GET", `${path}&before=${next[next.length - 1].approval_id}`);
    found.push(...next);
  }
  return found;
}

async function refresh() {
  const asked = person;
  try {
    const told = await listed(which.value || "pending");
    if (person !== asked) return;
    shown = told;
    const wanted = Number(parameters.get("number"));
    shown.sort((a, b) => (b.approval_id === wanted) - (a.approval_id === wanted));
    draw();
    say(shown.length ? TEXTS[language].count(shown.length) : TEXTS[language].none);
  } catch (error) {
    if (person === asked) say(explain(error), true);
  }
}

async function decide(asked, how, reason) {
  try {
    const told = await ask("POST", `/console/approvals/${asked.approval_id}/${how}`, { reason });
    await refresh();
    say(TEXTS[language].done[told.state](told.approval_id));
  } catch (error) {
    say(explain(error), true);
  }
}

document.getElementById("language").addEventListener("click", async () => {
  language = language === "zh" ? "en" : "zh";
  draw();
  speak(TEXTS[language].tag);
  if (person) await refresh();
});

which.addEventListener("change", refresh);

async function entered(who) {
  person = who;
  document.getElementById("filter").hidden = false;
  try {
    const directory = await ask("GET", "/registry/directory");
    agencies = new Map(directory.agencies.map((one) => [one.agency_id, one]));
  } catch (error) {
    return say(explain(error), true);
  }
  draw();
  // Not while somebody writes a remark.
  refreshing = setInterval(() => document.activeElement?.closest?.(".decide, dialog") || refresh(), REFRESH_MS);
  await refresh();
}

function left() {
  clearInterval(refreshing);
  person = shown = null;
  document.getElementById("filter").hidden = true;
  document.getElementById("found").replaceChildren();
  draw();
}

draw();
begin({ entered, left });
