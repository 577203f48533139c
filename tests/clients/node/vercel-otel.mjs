// An app on Vercel's AI SDK whose telemetry goes to PostHog's exporter, which writes OTLP in JSON.
// Prints what went wrong, as JSON.
import { createOpenAI } from "@ai-sdk/openai";
import { NodeTracerProvider } from "@opentelemetry/sdk-trace-node";
import { PostHogSpanProcessor } from "@posthog/ai/otel";
import { embed, generateText, stepCountIs, streamText, tool } from "ai";
import { z } from "zod";

const failures = [];
const provider = new NodeTracerProvider({
  spanProcessors: [new PostHogSpanProcessor({ projectToken: process.env.PROJECT_KEY, host: process.env.HOST })],
});
provider.register();

const openai = createOpenAI({ apiKey: "sk-test", baseURL: process.env.OPENAI_URL });
const telemetry = (functionId) => ({
  isEnabled: true,
  functionId,
  metadata: { posthog_distinct_id: "ada", $ai_session_id: "talk 7", plan: "pro" },
});

const weather = tool({
  description: "Tells the weather",
  inputSchema: z.object({ city: z.string() }),
  execute: async ({ city }) => `It rains in ${city}.`,
});
const told = await generateText({
  model: openai.chat("gpt-4.1-cached"),
  system: "Be brief.",
  prompt: "How is the weather?",
  tools: { get_weather: weather },
  stopWhen: stepCountIs(1),
  temperature: 0.5,
  experimental_telemetry: telemetry("concierge"),
});
if (told.toolResults.length !== 1) failures.push("the tool was not called");

const streamed = streamText({ model: openai.chat("gpt-4.1-streamed"), prompt: "Good morning", experimental_telemetry: telemetry("greeter") });
let text = "";
for await (const piece of streamed.textStream) text += piece;
if (text !== "You said: Good morning") failures.push(`streamed: ${text}`);

await embed({ model: openai.textEmbeddingModel("text-embedding-3-small"), value: "one", experimental_telemetry: telemetry("embedder") });

try {
  await generateText({ model: openai.chat("gpt-failing"), prompt: "Good morning", maxRetries: 0, experimental_telemetry: telemetry("unlucky") });
  failures.push("the provider did not refuse");
} catch {
  // as it should
}

await provider.shutdown();
console.log(JSON.stringify(failures));
