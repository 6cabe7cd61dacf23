// Sends audit events with nothing but Node.js 18 or newer: node logstitch.mjs
// LOGSTITCH_API_KEY is a token of `logserver token create`, LOGSTITCH_BASE_URL the server.

import { randomUUID } from "node:crypto";

/** An audit trail at a server; `send` takes one event, or up to 100 in an array, which are stored all or none. */
export function createTrail({ apiKey, baseUrl = "http://localhost:8080" }) {
  const url = new URL("api/v1/events", baseUrl.endsWith("/") ? baseUrl : `${baseUrl}/`);
  const headers = { Authorization: `Bearer ${apiKey}`, "Content-Type": "application/json" };
  const waiting = [];

  async function send(events) {
    const answer = await fetch(url, { method: "POST", headers, body: JSON.stringify(events) });
    const { ids, error } = await answer.json();
    if (!answer.ok) {
      const details = (error.details ?? []).map(({ field, message }) => `${field}: ${message}`);
      throw new Error([`${answer.status} ${error.message}`, ...details].join("\n"));
    }
    return ids;
  }

  /** Send everything that was kept, 100 at a time; what could not be sent is kept on. */
  async function flush() {
    const ids = [];
    while (waiting.length > 0) {
      const batch = waiting.splice(0, 100);
      try {
        ids.push(...(await send(batch)));
      } catch (error) {
        waiting.unshift(...batch);
        throw error;
      }
    }
    return ids;
  }

  return { send, flush, keep: (event) => waiting.push({ idempotency_key: randomUUID(), ...event }) };
}

const trail = createTrail({
  apiKey: process.env.LOGSTITCH_API_KEY,
  baseUrl: process.env.LOGSTITCH_BASE_URL,
});

const ann = { category: "auth", actor: { id: "user_123", type: "user", name: "Ann" }, tenant_id: "acme_corp" };

console.log(await trail.send({ action: "user.signed_in", ...ann }));
console.log(await trail.send([{ action: "report.opened", ...ann }, { action: "report.exported", ...ann }]));

for (let number = 0; number < 250; number++) {
  trail.keep({ action: "page.seen", ...ann, metadata: { number } });
}
console.log((await trail.flush()).length);
