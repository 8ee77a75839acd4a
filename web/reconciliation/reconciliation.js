// Signs a person in and shows the differences that the person may see, with cause and age, in one language at a time.
const TEXTS = {
  zh: {
    tag: "zh-Hans-CN",
    other: "English",
    title: "机关食堂一卡通　对账差异",
    heading: "对账差异",
    login: "用户名",
    password: "密码",
    signIn: "登录",
    signInFirst: "请登录后查看",
    signedIn: (login) => `当前用户：${login}`,
    signOut: "退出登录",
    unit: "单位：元",
    subject: "核对对象",
    cause: "原因",
    amount: "差额",
    age: "持续时间",
    resolved: "已解决",
    none: "全部相符",
    open: (count) => `共${count}项差异`,
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
      leg: (day, agency) => `${day}清算场次，${agency}`,
    },
  },
  en: {
    tag: "en",
    other: "中文",
    title: "onecard: reconciliation differences",
    heading: "Reconciliation differences",
    login: "User name",
    password: "Password",
    signIn: "Sign in",
    signInFirst: "Sign in to see the differences",
    signedIn: (login) => `Signed in as ${login}`,
    signOut: "Sign out",
    unit: "Amounts in yuan",
    subject: "Subject",
    cause: "Cause",
    amount: "Difference",
    age: "Age",
    resolved: "Resolved",
    none: "No differences",
    open: (count) => (count === 1 ? "1 difference" : `${count} differences`),
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
      leg: (day, agency) => `Cycle ${day}, ${agency}`,
    },
  },
};
const SUBJECTS = {
  terminal: /^terminal (\d+), epoch (\d+), shift (\d+)$/,
  leg: /^cycle (\S+), agency (\d+)$/,
  agency: /^agency (\d+)$/,
};
const REFRESH_MS = 30000;
const state = document.getElementById("state");
const form = document.getElementById("sign-in");
let language = document.documentElement.lang === "en" ? "en" : "zh";
let token = "";
let login = "";
let agencies = new Map();
let shown = null;
let refreshing = 0;

function say(text, wrong = false) {
  state.textContent = text;
  state.className = wrong ? "wrong" : "";
}

async function ask(method, path, message) {
  const headers = { "content-type": "application/json", "accept-language": TEXTS[language].tag };
  if (token) headers.authorization = `Bearer ${token}`;
  const answer = await fetch(path, { method, headers, body: message && JSON.stringify(message) });
  if (answer.status === 204) return null;
  const told = await answer.json();
  if (!answer.ok) throw new Error(told.title);
  return told;
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
  } catch {
    agencies = new Map();
  }
}

function subject(text) {
  const { subjects } = TEXTS[language];
  const [terminal, leg, whole] = [SUBJECTS.terminal, SUBJECTS.leg, SUBJECTS.agency].map((pattern) => pattern.exec(text));
  if (terminal) return subjects.terminal(...terminal.slice(1));
  if (leg) return subjects.leg(leg[1], agency(leg[2]));
  return whole ? agency(whole[1]) : text;
}

// A terminal is in a canteen of this agency.
function below(difference) {
  const kind = TEXTS[language].kinds[difference.kind];
  return difference.kind === "terminal" ? `${agency(difference.agency_id)} · ${kind}` : kind;
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

function draw() {
  const texts = TEXTS[language];
  document.documentElement.lang = texts.tag;
  document.title = texts.title;
  for (const element of document.querySelectorAll("[data-text]")) element.textContent = texts[element.dataset.text];
  const switcher = document.getElementById("language");
  switcher.textContent = texts.other;
  switcher.lang = language === "zh" ? "en" : "zh-Hans-CN";
  document.getElementById("who").textContent = texts.signedIn(login);
  document.getElementById("found").hidden = shown === null;
  if (shown === null) return token || say(texts.signInFirst);
  const open = shown.filter((d) => d.resolved_at === null);
  drawKinds(open);
  const body = document.getElementById("differences");
  body.replaceChildren();
  for (const difference of shown) drawRow(body, difference);
  say(open.length ? texts.open(open.length) : texts.none);
}

// Shows who is signed in, or the form.
function drawSession() {
  form.hidden = Boolean(token);
  document.getElementById("session").hidden = !token;
  draw();
}

async function signOut() {
  clearInterval(refreshing);
  const ended = ask("DELETE", "/console/sessions/current");
  token = login = "";
  shown = null;
  form.reset();
  drawSession();
  form.elements.login.focus();
  try {
    await ended;
  } catch (error) {
    say(error.message, true);
  }
}

async function refresh() {
  const asked = token;
  try {
    const told = await ask("GET", "/clearing/differences?resolved=true");
    if (token !== asked) return;
    shown = told;
    draw();
  } catch (error) {
    if (token === asked) say(error.message, true);
  }
}

document.getElementById("sign-out").addEventListener("click", signOut);

document.getElementById("language").addEventListener("click", async () => {
  language = language === "zh" ? "en" : "zh";
  draw();
  if (token) await refresh();
});

form.addEventListener("submit", async (event) => {
  event.preventDefault();
  const given = Object.fromEntries(new FormData(form));
  try {
    token = (await ask("POST", "/console/sessions", given)).token;
    login = given.login;
    await askNames();
  } catch (error) {
    token = "";
    return say(error.message, true);
  }
  drawSession();
  refreshing = setInterval(refresh, REFRESH_MS);
  await refresh();
});

draw();
