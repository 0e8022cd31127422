"""Language models as a service: OpenAI, Anthropic, LiteLLM."""

from __future__ import annotations

from counterseal.audit.libraries.model import Api, Library

_ASK: dict[str, int | str | tuple[int | str, ...]] = {
    "messages": ("messages", "input", "prompt"),
    "model": "model",
    "max_tokens": ("max_tokens", "max_completion_tokens", "max_output_tokens"),
}
_OPENAI = (
    "chat.completions.create",
    "completions.create",
    "responses.create",
    "chat.completions.parse",
    "beta.chat.completions.parse",
    "images.generate",
    "embeddings.create",
)

LIBRARY = Library(
    name="openai",
    calls={
        **{f"openai.OpenAI.{name}": Api("llm", _ASK) for name in _OPENAI},
        "openai.ChatCompletion.create": Api("llm", _ASK),
        "openai.ChatCompletion.acreate": Api("llm", _ASK),
        "openai.Completion.create": Api("llm", _ASK),
        "anthropic.Anthropic.messages.create": Api("llm", _ASK),
        "anthropic.Anthropic.messages.stream": Api("llm", _ASK),
        "anthropic.Anthropic.completions.create": Api("llm", _ASK),
        "litellm.completion": Api("llm", _ASK),
        "litellm.acompletion": Api("llm", _ASK),
        "google.generativeai.GenerativeModel.generate_content": Api("llm", {"messages": 0}),
    },
    aliases={
        "openai.AsyncOpenAI": "openai.OpenAI",
        "openai.AzureOpenAI": "openai.OpenAI",
        "openai.AsyncAzureOpenAI": "openai.OpenAI",
        **{f"openai.{name}": f"openai.OpenAI.{name}" for name in ("chat", "completions", "responses", "images", "embeddings")},
        "anthropic.AsyncAnthropic": "anthropic.Anthropic",
    },
)
