// Signed acts. A button with data-sign="/path" is signed before it is sent: its form goes there first, and what comes
// back is signed by the browser's delegated key, the Ukey in this PC or a passkey; the signature travels in the field
// "approval" of the plain form. Loaded before app.js, whose guard against double submits must see the second submit only.
(function () {
  "use strict";
  const doc = document;
  const patience = 120000; // ms for a PIN or a touch
  let through = false; // the submit under way is ours
  const words = () => doc.getElementById("signing").dataset; // the sentences, in the page's language

  // Why there is no signature: the name of a sentence.
  class Refused extends Error {}
  const refuse = (why) => { throw new Refused(why); };

  const bytes = (b64) => Uint8Array.from(atob(b64), (c) => c.charCodeAt(0));
  const base64 = (buffer) => {
    let s = "";
    for (const b of new Uint8Array(buffer)) s += String.fromCharCode(b);
    return btoa(s);
  };

  doc.addEventListener("submit", (e) => {
    const f = e.target, b = e.submitter;
    if (through || e.defaultPrevented || !b || !b.dataset.sign) return;
    e.preventDefault();
    if (f.dataset.signing || f.dataset.sent) return;
    f.dataset.signing = "1";
    act(f, b).catch((err) => tell(words()[err instanceof Refused ? err.message : "failed"])).finally(() => delete f.dataset.signing);
  });

  async function act(f, b) {
    tell("");
    const face = Array.from(b.childNodes);
    b.setAttribute("aria-busy", "true");
    b.replaceChildren(words().wait);
    try {
      const t = await ask(f, b);
      const approval = t && await sign(t); // null: the server refuses, and says why on its own page
      if (f.isConnected) send(f, b, approval);
    } finally {
      b.replaceChildren(...face);
      b.removeAttribute("aria-busy");
    }
  }

  // ask posts the form to where it is told what to sign.
  async function ask(f, b) {
    const form = new FormData(f, b);
    form.delete("approval");
    const body = f.enctype === "multipart/form-data" ? form : new URLSearchParams(form);
    const res = await fetch(b.dataset.sign, { method: "POST", body, headers: { Accept: "application/json" }, redirect: "manual" })
      .catch(() => refuse("offline"));
    return res.status === 200 ? res.json() : null;
  }

  function send(f, b, approval) {
    all(f).forEach((i) => i.remove());
    if (approval) {
      const i = doc.createElement("input");
      i.type = "hidden";
      i.name = "approval";
      i.value = JSON.stringify(approval);
      f.append(i);
    }
    through = true;
    try { f.requestSubmit(b); } finally { through = false; }
  }
  const all = (f) => f.querySelectorAll("input[type=hidden][name=approval]");

  async function sign(t) {
    const message = bytes(t.message);
    const key = t.delegation && await delegated(t.delegation);
    if (key) {
      const signature = await crypto.subtle.sign({ name: "ECDSA", hash: "SHA-256" }, key, message);
      return { at: t.at, kind: "delegated", signature: base64(signature), delegation: t.delegation };
    }
    const passkeys = t.passkeys || [];
    if (!t.ukey) return passkeys.length ? passkey(t, message, passkeys) : refuse("none");
    try {
      return { at: t.at, kind: "sm2", signature: await ukey(t) };
    } catch (err) {
      const away = err instanceof Refused && (err.message === "agent" || err.message === "absent");
      if (away && passkeys.length) return passkey(t, message, passkeys);
      throw err;
    }
  }

  // delegated is the key of this browser that a delegation names, null where another browser has it. Whoever delegates puts
  // {id, key, expires} there: the id of the delegation, a P-256 CryptoKey that cannot be exported, and its end (ISO 8601).
  function delegated(id) {
    return new Promise((done) => {
      const open = indexedDB.open("caconsole", 1);
      open.onupgradeneeded = () => open.result.createObjectStore("delegation", { keyPath: "id" });
      open.onerror = () => done(null);
      open.onsuccess = () => {
        const db = open.result;
        const end = (key) => { db.close(); done(key); };
        try {
          const get = db.transaction("delegation").objectStore("delegation").get(id);
          get.onsuccess = () => end(get.result && new Date(get.result.expires) > new Date() ? get.result.key : null);
          get.onerror = () => end(null);
        } catch { end(null); } // a database without the store
      };
    });
  }

  // ukey asks the agent on this PC.
  async function ukey(t) {
    const agent = doc.body.dataset.agent;
    if (!agent) refuse("agent");
    const res = await fetch(agent + "/v1/sign", {
      method: "POST", credentials: "omit", headers: { "Content-Type": "application/json" },
      body: JSON.stringify({ login: t.login, message: t.message }), signal: AbortSignal.timeout(patience),
    }).catch((err) => refuse(err.name === "TimeoutError" ? "cancelled" : "agent"));
    const answer = await res.json().catch(() => refuse("refused"));
    if (res.ok) return answer.signature;
    return refuse({ key_absent: "absent", cancelled: "cancelled" }[answer.code] || "refused");
  }

  async function passkey(t, message, ids) {
    if (!window.PublicKeyCredential) refuse("unable");
    const challenge = await crypto.subtle.digest("SHA-256", message);
    const found = await navigator.credentials.get({ publicKey: {
      challenge, rpId: t.rp_id, userVerification: "required", timeout: patience,
      allowCredentials: ids.map((id) => ({ type: "public-key", id: bytes(id) })),
    } }).catch((err) => refuse(err.name === "NotAllowedError" || err.name === "AbortError" ? "cancelled" : "unable"));
    const r = found.response;
    return {
      at: t.at, kind: "webauthn", signature: base64(r.signature),
      webauthn: { credential_id: base64(found.rawId), authenticator_data: base64(r.authenticatorData), client_data: base64(r.clientDataJSON) },
    };
  }

  // tell says in the place of the server's refusals why nothing was sent.
  function tell(sentence) {
    const place = doc.getElementById("problem");
    place.replaceChildren();
    if (!sentence) return;
    const banner = doc.importNode(doc.getElementById("signing").content, true);
    banner.querySelector("b").textContent = sentence;
    place.append(banner);
    place.scrollIntoView({ block: "nearest" });
  }

  // A page that comes back from the browser's cache is signed anew.
  addEventListener("pageshow", () => doc.querySelectorAll("form").forEach((f) => all(f).forEach((i) => i.remove())));
})();
