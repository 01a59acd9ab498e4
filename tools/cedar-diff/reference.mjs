// SPDX-License-Identifier: Apache-2.0
// Reads cases from standard input, one JSON object a line, each with the verdicts of src/cedar; asks the reference engine
// the same and prints every disagreement. Ends with `N verdicts, D disagree`; exit 1 if any does.
import { createInterface } from "node:readline";
import { createRequire } from "node:module";
const cedar = createRequire(import.meta.url)("@cedar-policy/cedar-wasm/nodejs");

let verdicts = 0, differ = 0;
const show = Number(process.env.SHOW ?? 5);

function disagree(c, what, ours, theirs) {
  if (++differ <= show)
    console.log(JSON.stringify({ seed: c.seed, what, ours, theirs, case: process.env.FULL ? c : undefined }));
}

function same(c, what, ours, theirs) {
  verdicts++;
  if (ours !== theirs) disagree(c, what, ours, theirs);
}

const ids = (list) => list.map((x) => x.policyId ?? x).sort().join(" ");

// Objects in any order of keys.
function canonical(v) {
  if (Array.isArray(v)) return v.map(canonical);
  if (v && typeof v === "object")
    return Object.fromEntries(Object.keys(v).sort().map((k) => [k, canonical(v[k])]));
  return v;
}

function policies(c) {
  const staticPolicies = {}, templates = {};
  c.policies.forEach((p, i) => {
    const theirs = p.template ? cedar.templateToJson(p.text) : cedar.policyToJson(p.text);
    const ok = theirs.type === "success";
    same(c, `parse: ${p.text}`, p.parses, ok);
    if (!ok || !p.parses) return;
    (p.template ? templates : staticPolicies)[`policy${i}`] = p.text;
    same(c, `json: ${p.text}`, JSON.stringify(canonical(p.json)), JSON.stringify(canonical(theirs.json)));
  });
  return { staticPolicies, templates };
}

function validation(c, good) {
  const r = cedar.validate({ schema: c.schema, policies: good });
  same(c, "schema", c.schemaOk, r.type === "success");
  if (r.type !== "success" || !c.schemaOk) return false;
  const bad = new Map(r.validationErrors.map((e) => [e.policyId, e.error.message]));
  for (const id of Object.keys({ ...good.staticPolicies, ...good.templates })) {
    const p = c.policies[Number(id.slice(6))];
    verdicts++;
    if (p.valid === bad.has(id))
      disagree(c, `valid: ${p.text}`, p.valid ? "valid" : `invalid: ${p.fault}`, bad.get(id) ?? "valid");
  }
  return true;
}

function decisions(c, good, schemaOk) {
  const set = cedar.preparsePolicySet("p", { ...good, templateLinks: c.links });
  if (set.type !== "success") return same(c, "links", "success", set.errors[0].message);
  for (const [i, q] of c.requests.entries()) {
    const ask = { principal: q.principal, action: q.action, resource: q.resource, context: q.context };
    const r = cedar.statefulIsAuthorized({ ...ask, preparsedPolicySetId: "p", entities: c.entities, validateRequest: false });
    const theirs = r.type === "success"
      ? [r.response.decision, ids(r.response.diagnostics.reason), ids(r.response.diagnostics.errors)].join("/")
      : `failure: ${r.errors[0].message}`;
    same(c, `decision of request ${i}`, [q.decision, ids(q.reason), ids(q.errors)].join("/"), theirs);
    if (schemaOk && i === 0) {
      const v = cedar.isAuthorized({ ...ask, schema: c.schema, validateRequest: true, policies: { staticPolicies: {} }, entities: [] });
      same(c, `request ${i} fits: ${JSON.stringify(ask)}: ${v.errors?.[0]?.message}`, q.fits, v.type === "success");
    }
  }
  if (schemaOk) {
    const e = cedar.checkParseEntities({ entities: c.entities, schema: c.schema });
    same(c, `entities: ${c.entitiesFault ?? ""} | ${e.errors?.[0]?.message ?? ""}`, c.entitiesOk, e.type === "success");
  }
}

for await (const line of createInterface({ input: process.stdin, crlfDelay: Infinity })) {
  if (!line) continue;
  const c = JSON.parse(line);
  const good = policies(c);
  const ok = validation(c, good);
  decisions(c, good, ok);
}
console.log(`${verdicts} verdicts, ${differ} disagree`);
process.exit(differ ? 1 : 0);
