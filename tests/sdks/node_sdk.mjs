// Drives a Node SDK: reads a job from standard input, makes its calls, prints a report.
//
// Usage: node node_sdk.mjs segment|rudder < job.json, with TAILRACE_SDKS_DIR the directory of the packages. The job
// is {"host", "write_key", "calls", "options"}; the report {"version", "errors", "queued"}. A line
// `queued` is printed as soon as every call was made.
import { createRequire } from "node:module";
import { join } from "node:path";
import { text } from "node:stream/consumers";

const require = createRequire(join(process.env.TAILRACE_SDKS_DIR, "package.json"));
const CAMEL = {
  user_id: "userId",
  anonymous_id: "anonymousId",
  group_id: "groupId",
  previous_id: "previousId",
  message_id: "messageId",
};

function withDates(value) {
  if (Array.isArray(value)) return value.map(withDates);
  if (value === null || typeof value !== "object") return value;
  if (typeof value.$date === "string") return new Date(value.$date);
  return Object.fromEntries(Object.entries(value).map(([key, each]) => [key, withDates(each)]));
}

function argumentsOf({ method, ...call }) {
  const named = Object.entries(withDates(call)).map(([key, each]) => [CAMEL[key] ?? key, each]);
  const message = Object.fromEntries(named);
  if (message.timestamp) message.timestamp = new Date(message.timestamp);
  return { method, message };
}

async function withSegment(job, errors) {
  const { Analytics } = require("@segment/analytics-node");
  const analytics = new Analytics({ writeKey: job.write_key, host: job.host, ...job.options });
  analytics.on("error", (error) => errors.push(JSON.stringify(error, Object.keys(error))));
  for (const call of job.calls) {
    const { method, message } = argumentsOf(call);
    analytics[method](message, (error) => error && errors.push(String(error)));
  }
  console.log("queued");
  await analytics.closeAndFlush({ timeout: 120000 });
  return analytics.VERSION;
}

async function withRudder(job, errors) {
  const Analytics = require("@rudderstack/rudder-sdk-node");
  // Without an error handler of its own, a failed flush is an unhandled rejection.
  const analytics = new Analytics(job.write_key, {
    dataPlaneUrl: job.host,
    logLevel: "silent",
    errorHandler: (error) => errors.push(String(error)),
    ...job.options,
  });
  const delivered = job.calls.map((call) => {
    const { method, message } = argumentsOf(call);
    return new Promise((resolve) => analytics[method](message, resolve));
  });
  console.log("queued");
  await Promise.all(delivered);
  return require("@rudderstack/rudder-sdk-node/package.json").version;
}

const job = JSON.parse(await text(process.stdin));
const errors = [];
const drive = { segment: withSegment, rudder: withRudder }[process.argv[2]];
const version = await drive(job, errors);
console.log(JSON.stringify({ version, errors, queued: job.calls.length }));
