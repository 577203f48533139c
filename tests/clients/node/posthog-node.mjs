// The story of a person, told by posthog-node as an app would. Prints what went wrong, as JSON.
import { PostHog } from "posthog-node";

const failures = [];
const client = new PostHog(process.env.PROJECT_KEY, {
  host: process.env.HOST,
  flushAt: 3,
  disableCompression: process.env.COMPRESSION === "off",
});
client.on("error", (error) => failures.push(String(error)));

client.capture({ distinctId: "ada", event: "signed up", properties: { plan: "pro", at: new Date("2026-11-20T10:00:00Z") } });
client.capture({ distinctId: "ada", event: "story told", groups: { company: "acme" }, timestamp: new Date("2026-11-20T10:00:00Z") });
client.identify({ distinctId: "ada", properties: { $set: { name: "Ada" }, $set_once: { first: "today" }, $anon_distinct_id: "anonymous-7" } });
client.alias({ distinctId: "ada", alias: "ada@otter.example" });
client.groupIdentify({ groupType: "company", groupKey: "acme", properties: { size: 7 } });
client.captureException(new Error("the raft sank"), "ada", { deck: 2 });
await client.captureImmediate({ distinctId: "ada", event: "at once" });
await client.shutdown();

console.log(JSON.stringify(failures));
