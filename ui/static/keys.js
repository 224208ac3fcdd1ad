// Keys of staff: showing that a Ukey or a new passkey is the reader's (forms with data-show), and letting a key of this
// browser sign for a shift (data-delegate). Each fills its own form and sends it plainly; where the server refuses to
// begin, the form goes as it is and the server says why on its page. The sentences are those of signing.
(function () {
  "use strict";
  const doc = document;
  const patience = 120000; // ms for a PIN or a touch
  const one = (s, root) => (root || doc).querySelector(s);
  const all = (s) => Array.from(doc.querySelectorAll(s));
  let through = false; // the submit under way is ours

  class Refused extends Error {}
  const refuse = (why) => { throw new Refused(why); };
  const bytes = (b64) => Uint8Array.from(atob(b64.replace(/-/g, "+").replace(/_/g, "/")), (c) => c.charCodeAt(0));
  const base64 = (buffer) => btoa(String.fromCharCode(...new Uint8Array(buffer)));
  const base64url = (buffer) => base64(buffer).replace(/\+/g, "-").replace(/\//g, "_").replace(/=+$/, "");

  doc.addEventListener("submit", (e) => {
    const f = e.target;
    if (through || e.defaultPrevented) return;
    if ("forget" in f.dataset || f.getAttribute("action") === "/logout") { forget(); return; }
    const act = f.dataset.delegate ? delegate : { sm2: ukey, webauthn: passkey }[f.dataset.show];
    if (!act) return;
    e.preventDefault();
    if (f.dataset.signing || f.dataset.sent) return;
    f.dataset.signing = "1";
    tell("");
    act(f).then((fields) => send(f, fields))
      .catch((err) => tell(one("#signing").dataset[err instanceof Refused ? err.message : "failed"]))
      .finally(() => delete f.dataset.signing);
  });

  // ask posts a form's token and some fields; null where the server refuses.
  async function ask(f, url, fields) {
    const body = new URLSearchParams({ csrf: f.elements.csrf.value, ...fields });
    const res = await fetch(url, { method: "POST", body, headers: { Accept: "application/json" }, redirect: "manual" }).catch(() => refuse("offline"));
    return res.status === 200 ? res.json() : null;
  }

  function send(f, fields) {
    all("[data-filled]").forEach((i) => i.remove());
    for (const [name, value] of Object.entries(fields)) {
      const i = doc.createElement("input");
      i.type = "hidden"; i.name = name; i.value = value; i.dataset.filled = "";
      f.append(i);
    }
    through = true;
    try { f.requestSubmit(); } finally { through = false; }
  }

  // ---- a Ukey ----
  const agent = () => doc.body.dataset.agent || refuse("agent");
  async function plugged(login) {
    const res = await fetch(agent() + "/v1/keys", { credentials: "omit", signal: AbortSignal.timeout(5000) }).catch(() => refuse("agent"));
    const { keys } = await res.json().catch(() => refuse("agent"));
    return (keys || []).find((k) => k.login === login);
  }

  async function ukey(f) {
    const login = f.dataset.login, mine = await plugged(login) || refuse("absent");
    const t = await ask(f, f.dataset.ask, { kind: "sm2" });
    if (!t) return {};
    const res = await fetch(agent() + "/v1/sign", {
      method: "POST", credentials: "omit", headers: { "Content-Type": "application/json" },
      body: JSON.stringify({ login, message: t.message }), signal: AbortSignal.timeout(patience),
    }).catch((err) => refuse(err.name === "TimeoutError" ? "cancelled" : "agent"));
    const answer = await res.json().catch(() => refuse("refused"));
    if (!res.ok) refuse({ key_absent: "absent", cancelled: "cancelled" }[answer.code] || "refused");
    return { challenge: t.id, login: mine.login, key: answer.key, signature: answer.signature };
  }

  // Which Ukey is plugged in is said before anything is pressed.
  all('form[data-show="sm2"]').forEach(async (f) => {
    const place = one("[data-plugged]", f);
    try {
      const mine = await plugged(f.dataset.login);
      place.textContent = mine ? place.dataset.found + " " + mine.key.slice(-12) : place.dataset.absent;
    } catch { place.textContent = place.dataset.away; }
  });

  // ---- a passkey ----
  const cancelled = (err) => refuse(err.name === "NotAllowedError" || err.name === "AbortError" ? "cancelled" : "unable");

  async function passkey(f) {
    if (!window.PublicKeyCredential) refuse("unable");
    const t = await ask(f, f.dataset.ask, { kind: "webauthn" });
    if (!t) return {};
    const o = t.options;
    o.challenge = bytes(o.challenge);
    o.user.id = bytes(o.user.id);
    for (const known of o.excludeCredentials || []) known.id = bytes(known.id);
    const made = await navigator.credentials.create({ publicKey: o }).catch(cancelled);
    return { challenge: t.id, answer: JSON.stringify({
      id: made.id, rawId: base64url(made.rawId), type: made.type,
      response: { clientDataJSON: base64url(made.response.clientDataJSON), attestationObject: base64url(made.response.attestationObject) },
    }) };
  }

  // ---- a shift ----
  async function delegate(f) {
    if (!window.PublicKeyCredential) refuse("unable");
    const pair = await crypto.subtle.generateKey({ name: "ECDSA", namedCurve: "P-256" }, false, ["sign"]);
    const key = base64(await crypto.subtle.exportKey("spki", pair.publicKey));
    const t = await ask(f, f.dataset.delegate, { key });
    if (!t) return { key };
    const found = await navigator.credentials.get({ publicKey: {
      challenge: await crypto.subtle.digest("SHA-256", bytes(t.message)), rpId: t.rp_id, userVerification: "required", timeout: patience,
      allowCredentials: t.passkeys.map((id) => ({ type: "public-key", id: bytes(id) })),
    } }).catch(cancelled);
    await keep({ id: t.id, key: pair.privateKey, expires: t.expires });
    const r = found.response;
    return { id: t.id, signature: base64(r.signature), webauthn: JSON.stringify({
      credential_id: base64(found.rawId), authenticator_data: base64(r.authenticatorData), client_data: base64(r.clientDataJSON),
    }) };
  }

  // The store of delegated keys: {id, key, expires}; the key cannot be read out, only used. One at a time.
  function stored(act) {
    return new Promise((done, fail) => {
      const open = indexedDB.open("caconsole", 1);
      open.onupgradeneeded = () => open.result.createObjectStore("delegation", { keyPath: "id" });
      open.onerror = () => fail(open.error);
      open.onsuccess = () => {
        const db = open.result, tx = db.transaction("delegation", "readwrite");
        act(tx.objectStore("delegation"));
        tx.oncomplete = () => { db.close(); done(); };
        tx.onerror = tx.onabort = () => { db.close(); fail(tx.error); };
      };
    });
  }
  const keep = (record) => stored((s) => { s.clear(); s.put(record); });
  const forget = () => stored((s) => s.clear()).catch(() => {}); // the server ends the delegation in any case

  // tell says in the place of the server's refusals why nothing was sent.
  function tell(sentence) {
    const place = one("#problem");
    place.replaceChildren();
    if (!sentence) return;
    const banner = doc.importNode(one("#signing").content, true);
    one("b", banner).textContent = sentence;
    place.append(banner);
    place.scrollIntoView({ block: "nearest" });
  }

  // A page that comes back from the browser's cache is filled anew.
  addEventListener("pageshow", () => all("[data-filled]").forEach((i) => i.remove()));
})();
