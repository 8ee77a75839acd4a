// Shows the differences that the person may see, with cause and age, in one language at a time.
import { ask, begin, explain, speak } from "./session.js";

const TEXTS = {
  zh: {
    tag: "zh-Hans-CN",
    other: "English",
    title: "机关食堂一卡通　对账差异",
    heading: "对账差异",
    signInFirst: "请登录后查看",
    unit: "单位：元",
    subject: "核对对象",
    cause: "原因",
    amount: "差额",
    age: "持续时间",
    resolved: "已解决",
    none: "全部相符",
    open: (count) => `共${count}项差异`,
    more: (count) => `该终端另有${count}项未列出`,
    minutes: (count) => `${count}分钟`,
    hours: (count) => `${count}小时`,
    days: (count) => `${count}天`,
    agency: (number) => `单位${number}`,
    kinds: {
      terminal: "终端与系统",
      bank_leg: "系统与银行",
      bank_entry: "未匹配的银行流水",
      float: "个人账户与预存资金",
      cycle: "清算场次",
    },
    causes: {
      terminal_awaits_answers: "终端有未确认交易，请联网后补传",
      terminal_forgot_payments: "终端短款：系统多于终端，终端流水可能缺失",
      terminal_shows_more: "终端长款：终端多于系统，请立即核查",
      terminal_shows_others: "终端与系统笔数、金额相同但流水不同，请逐笔核对",
      agency_has_not_paid: "单位尚未付款",
      bank_has_not_confirmed: "银行尚未确认付款",
      agency_paid_in_part: "单位仅付部分款项，余额未付",
      paid_out_in_part: "银行仅付部分款项，余额未付",
      pay_in_sent_back: "单位所付款项已退回，须重新付款",
      pay_out_returned: "付款被银行退回，须重新付款",
      unknown_reference: "附言中没有可识别的结算编号",
      wrong_direction: "收付方向相反",
      too_much: "超过应付金额",
      number_used_before: "银行流水号曾用于其他流水，请核对",
      ledger_damaged: "账务不平衡，请立即联系清算中心",
      stuck_closing: "关账未完成",
      stuck_closed: "轧差未完成",
      stuck_netted: "对账单未发布",
    },
    subjects: {
      terminal: (terminal, epoch, shift) => `终端${terminal}，第${epoch}次启用，班次${shift}`,
      outside: (terminal, epoch, first, last) => `终端${terminal}，第${epoch}次启用，序号${first === last ? first : `${first}至${last}`}`,
      leg: (day, agency) => `${day}清算场次，${agency}`,
    },
    shifts: "班次核对",
    day: "营业日",
    shift: "终端与班次",
    situation: "情况",
    payments: "当日笔数",
    paid: "当日金额",
    looking: "正在查询……",
    noFindings: "当日没有班次外收款，班次均已结班且相符",
    situations: {
      outside: "班次外收款：终端未开班即收款，请核对收银员与款项",
      open: "营业日已结束，班次尚未结班",
      differs: "结班合计与系统不符，请用清单逐笔核对",
    },
    cashier: (canteen, cashier, drawer) => `${canteen} · 收银员${cashier} · 钱箱${drawer}`,
    less: (payments, amount) => `系统减终端：${payments}笔，${amount}元`,
    unanswered: (count) => `终端有${count}笔未确认`,
    evidence: "结班记录与签名",
  },
  en: {
    tag: "en",
    other: "中文",
    title: "onecard: reconciliation differences",
    heading: "Reconciliation differences",
    signInFirst: "Sign in to see the differences",
    unit: "Amounts in yuan",
    subject: "Subject",
    cause: "Cause",
    amount: "Difference",
    age: "Age",
    resolved: "Resolved",
    none: "No differences",
    open: (count) => (count === 1 ? "1 difference" : `${count} differences`),
    more: (count) => `${count} more of this terminal are not listed`,
    minutes: (count) => `${count} min`,
    hours: (count) => `${count} h`,
    days: (count) => (count === 1 ? "1 day" : `${count} days`),
    agency: (number) => `Agency ${number}`,
    kinds: {
      terminal: "Terminals and ledger",
      bank_leg: "Ledger and bank",
      bank_entry: "Unmatched bank entries",
      float: "Purses and float",
      cycle: "Clearing cycles",
    },
    causes: {
      terminal_awaits_answers: "The terminal has payments without an answer; reconnect it so that it forwards them",
      terminal_forgot_payments: "Short: the ledger has more than the terminal; its journal may be incomplete",
      terminal_shows_more: "Over: the terminal has more than the ledger; investigate immediately",
      terminal_shows_others: "The same number and sum, but not the same payments; compare them one by one",
      agency_has_not_paid: "The agency has not paid",
      bank_has_not_confirmed: "The bank has not confirmed the payment",
      agency_paid_in_part: "The agency has paid a part and still owes the rest",
      paid_out_in_part: "The bank has paid out a part; the rest is still owed to the agency",
      pay_in_sent_back: "The agency's payment was sent back; it must pay again",
      pay_out_returned: "The bank returned the payment; it must be made again",
      unknown_reference: "The remark contains no known settlement reference",
      wrong_direction: "Wrong direction",
      too_much: "More than the amount due",
      number_used_before: "The bank's number was used before for another entry; check it",
      ledger_damaged: "The ledger does not balance; contact the clearing centre immediately",
      stuck_closing: "Closing is not complete",
      stuck_closed: "Netting is not complete",
      stuck_netted: "Statements are not published",
    },
    subjects: {
      terminal: (terminal, epoch, shift) => `Terminal ${terminal}, epoch ${epoch}, shift ${shift}`,
      outside: (terminal, epoch, first, last) => `Terminal ${terminal}, epoch ${epoch}, ${first === last ? `number ${first}` : `numbers ${first} to ${last}`}`,
      leg: (day, agency) => `Cycle ${day}, ${agency}`,
    },
    shifts: "Shifts of a day",
    day: "Business day",
    shift: "Terminal and shift",
    situation: "Situation",
    payments: "Payments",
    paid: "Amount",
    looking: "Looking…",
    noFindings: "No payments outside a shift; every shift of the day is closed and agrees",
    situations: {
      outside: "Payments outside every shift: the till took them without opening one; ask who was at the till",
      open: "The day is over, and the shift is not closed",
      differs: "The signed totals differ from the ledger; compare the list of requests",
    },
    cashier: (canteen, cashier, drawer) => `${canteen} · cashier ${cashier} · drawer ${drawer}`,
    less: (payments, amount) => `Ledger less terminal: payments ${payments}, yuan ${amount}`,
    unanswered: (count) => `The terminal has ${count} without an answer`,
    evidence: "Signed closing",
  },
};
const SUBJECTS = {
  terminal: /^terminal (\d+), epoch (\d+), shift (\d+)$/,
  leg: /^cycle (\S+), agency (\d+)$/,
  agency: /^agency (\d+)$/,
};
const REFRESH_MS = 30000;
const KEPT_MS = 60000;
const state = document.getElementById("state");
const day = document.getElementById("day");
const shiftState = document.getElementById("shift-state");
let language = document.documentElement.lang === "en" ? "en" : "zh";
let person = null;
let agencies = new Map();
let canteens = new Map();
let shown = null;
let findings = null;
let refreshing = 0;

function sayOfShifts(text, wrong = false) {
  shiftState.textContent = text;
  shiftState.className = wrong ? "wrong" : "";
}

function say(text, wrong = false) {
  state.textContent = text;
  state.className = wrong ? "wrong" : "";
}

function agency(number) {
  const found = agencies.get(Number(number));
  return found ? `${language === "zh" ? found.name_zh : found.name_en} (${number})` : TEXTS[language].agency(number);
}

// Names are of use, but nobody needs them to see the differences.
async function askNames() {
  try {
    const directory = await ask("GET", "/registry/directory");
    agencies = new Map(directory.agencies.map((one) => [one.agency_id, one]));
    canteens = new Map(directory.agencies.flatMap((one) => one.canteens).map((one) => [one.canteen_id, one]));
  } catch {
    agencies = new Map();
    canteens = new Map();
  }
}

function canteen(finding) {
  const found = canteens.get(finding.canteen_id);
  return found ? (language === "zh" ? found.name_zh : found.name_en) : agency(finding.agency_id);
}

function subject(text) {
  const { subjects } = TEXTS[language];
  const [terminal, leg, whole] = [SUBJECTS.terminal, SUBJECTS.leg, SUBJECTS.agency].map((pattern) => pattern.exec(text));
  if (terminal) return subjects.terminal(...terminal.slice(1));
  if (leg) return subjects.leg(leg[1], agency(leg[2]));
  return whole ? agency(whole[1]) : text;
}

// Of terminals with more differences than are listed: the first one that is listed, which says how many more there are.
function unlisted(differences) {
  const first = new Map();
  for (const one of differences.filter((one) => one.more)) {
    const terminal = `${SUBJECTS.terminal.exec(one.subject)?.[1]} ${one.resolved_at === null}`;
    if (!first.has(terminal)) first.set(terminal, one);
  }
  return new Set(first.values());
}

// A terminal is in a canteen of this agency.
function below(difference) {
  const kind = TEXTS[language].kinds[difference.kind];
  if (difference.kind !== "terminal") return kind;
  const more = unlisted(shown).has(difference) ? [TEXTS[language].more(difference.more)] : [];
  return [agency(difference.agency_id), kind, ...more].join(" · ");
}

function age(seconds) {
  const texts = TEXTS[language];
  if (seconds < 3600) return texts.minutes(Math.max(1, Math.round(seconds / 60)));
  if (seconds < 172800) return texts.hours(Math.round(seconds / 3600));
  return texts.days(Math.round(seconds / 86400));
}

function yuan(fen) {
  return (fen / 100).toLocaleString("zh-CN", { minimumFractionDigits: 2 }).replace("-", "−");
}

function drawKinds(open) {
  const kinds = document.getElementById("kinds");
  kinds.replaceChildren();
  for (const [kind, name] of Object.entries(TEXTS[language].kinds)) {
    const count = open.filter((d) => d.kind === kind).length;
    const box = document.createElement("div");
    box.className = count ? "open" : "";
    const number = document.createElement("strong");
    number.textContent = count;
    box.append(number, name);
    kinds.append(box);
  }
}

function drawRow(body, difference) {
  const texts = TEXTS[language];
  const row = body.insertRow();
  row.className = difference.resolved_at === null ? "" : "resolved";
  const what = row.insertCell();
  const kind = document.createElement("small");
  kind.textContent = below(difference);
  what.append(subject(difference.subject), kind);
  row.insertCell().textContent = difference.resolved_at === null ? texts.causes[difference.cause] : texts.resolved;
  const ended = new Date(difference.resolved_at ?? Date.now());
  for (const text of [yuan(difference.amount_fen), age((ended - new Date(difference.first_seen)) / 1000)]) {
    const cell = row.insertCell();
    cell.className = "number";
    cell.textContent = text;
  }
}

function small(text) {
  const made = document.createElement("small");
  made.textContent = text;
  return made;
}

// A link to a file that only who is signed in may have.
function closing(one) {
  const button = Object.assign(document.createElement("button"), { type: "button", className: "link", textContent: TEXTS[language].evidence });
  button.addEventListener("click", async () => {
    try {
      const told = await ask("GET", `/clearing/shifts/${one.terminal_id}/${one.epoch}/${one.shift}/closing`);
      const file = new Blob([JSON.stringify(told, null, 2)], { type: "application/json" });
      const link = Object.assign(document.createElement("a"), { href: URL.createObjectURL(file), download: `closing-${one.terminal_id}-${one.epoch}-${one.shift}.json` });
      link.click();
      setTimeout(() => URL.revokeObjectURL(link.href), KEPT_MS);
    } catch (error) {
      sayOfShifts(explain(error), true);
    }
  });
  return button;
}

function drawFinding(body, one) {
  const texts = TEXTS[language];
  const row = body.insertRow();
  const which = one.shift === null
    ? [texts.subjects.outside(one.terminal_id, one.epoch, one.first, one.last), canteen(one)]
    : [texts.subjects.terminal(one.terminal_id, one.epoch, one.shift), texts.cashier(canteen(one), one.cashier, one.drawer)];
  row.insertCell().append(which[0], small(which[1]));
  const situation = row.insertCell();
  situation.append(texts.situations[one.kind]);
  if (one.kind === "differs") {
    situation.append(small(texts.less(signed(one.off_payments), signed(one.off_fen, yuan))));
    if (one.unknown) situation.append(small(texts.unanswered(one.unknown)));
    situation.append(closing(one));
  }
  for (const text of [one.payments, yuan(one.amount_fen)]) {
    const cell = row.insertCell();
    cell.className = "number";
    cell.textContent = text;
  }
}

function signed(number, shownAs = (plain) => String(plain).replace("-", "−")) {
  return number > 0 ? `+${shownAs(number)}` : shownAs(number);
}

function drawFindings() {
  const body = document.getElementById("shifts");
  body.replaceChildren();
  for (const one of findings ?? []) drawFinding(body, one);
  document.getElementById("shift-table").hidden = !findings?.length;
  sayOfShifts(findings?.length === 0 ? TEXTS[language].noFindings : "");
}

function draw() {
  const texts = TEXTS[language];
  document.documentElement.lang = texts.tag;
  document.title = texts.title;
  for (const element of document.querySelectorAll("[data-text]")) element.textContent = texts[element.dataset.text];
  const switcher = document.getElementById("language");
  switcher.textContent = texts.other;
  switcher.lang = language === "zh" ? "en" : "zh-Hans-CN";
  document.getElementById("found").hidden = shown === null;
  if (shown === null) return person || say(texts.signInFirst);
  const open = shown.filter((d) => d.resolved_at === null);
  drawKinds(open);
  const body = document.getElementById("differences");
  body.replaceChildren();
  for (const difference of shown) drawRow(body, difference);
  drawFindings();
  const hidden = [...unlisted(open)].reduce((sum, one) => sum + one.more, 0);
  say(open.length ? texts.open(open.length + hidden) : texts.none);
}

async function refresh() {
  const asked = person;
  try {
    const told = await ask("GET", "/clearing/differences/overview?resolved=true");
    if (person !== asked) return;
    shown = told;
    draw();
  } catch (error) {
    if (person === asked) say(explain(error), true);
  }
}

// The last day that is over: its shifts should be closed.
async function chooseDay() {
  const open = (await ask("GET", "/clearing/open-days")).map((one) => one.business_date).sort().pop();
  const before = new Date(`${open}T00:00Z`);
  before.setUTCDate(before.getUTCDate() - 1);
  day.value = before.toISOString().slice(0, 10);
  await lookAtShifts();
}

// By itself only when the day is chosen: it reads all payments of a day.
async function lookAtShifts() {
  const [asked, on] = [person, day.value];
  if (!day.value) return;
  findings = null;
  drawFindings();
  sayOfShifts(TEXTS[language].looking);
  try {
    const told = await ask("GET", `/clearing/shifts/${day.value}`);
    if (person !== asked || day.value !== on) return;
    findings = told;
    drawFindings();
  } catch (error) {
    if (person === asked && day.value === on) sayOfShifts(explain(error), true);
  }
}

day.addEventListener("change", lookAtShifts);

document.getElementById("language").addEventListener("click", async () => {
  language = language === "zh" ? "en" : "zh";
  draw();
  speak(TEXTS[language].tag);
  if (person) await refresh();
});

async function entered(who) {
  person = who;
  await askNames();
  refreshing = setInterval(refresh, REFRESH_MS);
  await refresh();
  if (shown !== null) await chooseDay();
}

function left() {
  clearInterval(refreshing);
  person = shown = findings = null;
  draw();
}

draw();
begin({ entered, left });
