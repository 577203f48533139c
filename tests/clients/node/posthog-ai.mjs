// What an app does with @posthog/ai: OpenAI's and Anthropic's clients and a model of Vercel's SDK, wrapped.
// Prints what went wrong, as JSON.
import { createOpenAI } from "@ai-sdk/openai";
import { Anthropic } from "@posthog/ai/anthropic";
import { OpenAI } from "@posthog/ai/openai";
import { withTracing } from "@posthog/ai/vercel";
import { generateText } from "ai";
import { PostHog } from "posthog-node";

const failures = [];
const posthog = new PostHog(process.env.PROJECT_KEY, { host: process.env.HOST });
posthog.on("error", (error) => failures.push(String(error)));

const told = { posthogDistinctId: "ada", posthogTraceId: "trace 1", posthogProperties: { plan: "pro" } };
const asked = [{ role: "user", content: "Good morning" }];
const step = async (name, run) => {
  try {
    await run();
  } catch (error) {
    failures.push(`${name}: ${error}`);
  }
  await posthog.flush();
};
const read = async (stream) => {
  let pieces = 0;
  for await (const _ of stream) pieces += 1;
  if (pieces < 3) failures.push(`only ${pieces} pieces came`);
};

const openai = new OpenAI({ apiKey: "sk-test", baseURL: process.env.OPENAI_URL, posthog, maxRetries: 0 });
await step("chat", () => openai.chat.completions.create({ model: "gpt-5-cached", messages: asked, ...told }));
await step("chat stream", async () =>
  read(await openai.chat.completions.create({ model: "gpt-5-streamed", messages: asked, stream: true, stream_options: { include_usage: true }, ...told })),
);
await step("responses", () => openai.responses.create({ model: "gpt-5-response", input: "Good morning", ...told }));
await step("embeddings", () => openai.embeddings.create({ model: "text-embedding-3-small", input: "one", ...told }));
await step("failure", async () => {
  try {
    await openai.chat.completions.create({ model: "gpt-failing", messages: asked, ...told });
  } catch {
    return;
  }
  throw new Error("the provider did not refuse");
});

const anthropic = new Anthropic({ apiKey: "sk-test", baseURL: process.env.ANTHROPIC_URL, posthog, maxRetries: 0 });
const claude = { model: "claude-opus-5-cached", max_tokens: 50, messages: asked };
await step("messages", () => anthropic.messages.create({ ...claude, ...told }));
await step("messages stream", async () => read(await anthropic.messages.create({ ...claude, model: "claude-streamed", stream: true, ...told })));

const vercel = createOpenAI({ apiKey: "sk-test", baseURL: process.env.OPENAI_URL });
await step("vercel", () => generateText({ model: withTracing(vercel.chat("gpt-5-vercel"), posthog, told), prompt: "Good morning" }));

await posthog.shutdown();
console.log(JSON.stringify(failures));
