// The phone's part of a hand-off: the text is sealed here, with a key that came from the television and is sent nowhere.
"use strict";

const PURPOSE = "chanoma handoff 1|";
const DIGITS = 3;
const bytes = (text) => new TextEncoder().encode(text);
const element = (id) => document.getElementById(id);

function show(id) {
  for (const each of ["loading", "form", "sent", "over"]) element(each).hidden = each !== id;
}

function fromBase64url(text) {
  const binary = atob(text.replaceAll("-", "+").replaceAll("_", "/"));
  return Uint8Array.from(binary, (char) => char.charCodeAt(0));
}

function toBase64url(data) {
  return btoa(String.fromCharCode(...data)).replaceAll("+", "-").replaceAll("/", "_").replaceAll("=", "");
}

async function derived(key, purpose, id, length) {
  const from = await crypto.subtle.importKey("raw", key, "HKDF", false, ["deriveBits"]);
  const info = bytes(`${PURPOSE}${purpose}|${id}`);
  const how = { name: "HKDF", hash: "SHA-256", salt: new Uint8Array(0), info };
  return new Uint8Array(await crypto.subtle.deriveBits(how, from, length * 8));
}

async function number(key, id) {
  const drawn = new DataView((await derived(key, "number", id, 4)).buffer).getUint32(0);
  return String(drawn % 10 ** DIGITS).padStart(DIGITS, "0");
}

async function sealed(key, id, text, most) {
  const padded = new Uint8Array(4 * most);
  padded.set(bytes(text));
  const nonce = crypto.getRandomValues(new Uint8Array(12));
  const aes = await crypto.subtle.importKey("raw", await derived(key, "text", id, 32), "AES-GCM", false, ["encrypt"]);
  const how = { name: "AES-GCM", iv: nonce, additionalData: bytes(PURPOSE + id) };
  const closed = new Uint8Array(await crypto.subtle.encrypt(how, aes, padded));
  return toBase64url(new Uint8Array([...nonce, ...closed]));
}

// One line, composed, without characters that a line cannot have: what the television shows is what was counted here.
function line(text) {
  return text.normalize("NFC").replace(/[^\S\u3000]+/g, " ").replace(/\p{Cc}/gu, "").trim();
}

async function begin() {
  const [id, secret] = location.hash.slice(1).split(".");
  if (!id || !secret || !/^[\w-]{22,64}$/.test(id) || !/^[\w-]{43}$/.test(secret)) return show("over");
  const key = fromBase64url(secret);
  const address = `handoff/${id}`;
  const reply = await fetch(`${address}/asked`, { cache: "no-store" });
  if (!reply.ok) return show("over");
  const { operator, asked, most, expires_in } = await reply.json();
  setTimeout(() => element("sent").hidden && show("over"), expires_in * 1000);
  element("operator").textContent = operator;
  element("asked").textContent = asked;
  element("number").textContent = await number(key, id);
  const count = () => {
    const length = [...line(element("text").value)].length;
    element("count").textContent = `${length} / ${most}文字${length > most ? "（長すぎます）" : ""}`;
    element("send").disabled = length === 0 || length > most;
  };
  element("text").addEventListener("input", count);
  let tried = false;
  element("form").addEventListener("submit", async (event) => {
    event.preventDefault();
    element("send").disabled = true;
    element("trouble").textContent = "";
    try {
      const body = JSON.stringify({ sealed: await sealed(key, id, line(element("text").value), most) });
      const headers = { "Content-Type": "application/json" };
      const answer = await fetch(address, { method: "POST", headers, body });
      // After an answer that got lost on its way, *written already* is the answer.
      if (!answer.ok && !(tried && answer.status === 409)) return show("over");
      element("text").value = "";
      history.replaceState(null, "", location.pathname);
      show("sent");
    } catch {
      tried = true;
      element("trouble").textContent = "送れませんでした。もう一度「テレビに送る」を押してください。";
      element("send").disabled = false;
    }
  });
  count();
  show("form");
  element("text").focus();
}

begin().catch(() => show("over"));
