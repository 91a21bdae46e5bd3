"""Names of spans' attributes, events and operations.

The `gen_ai.` names are OpenTelemetry's semantic conventions 1.41 for generative AI ("agent and
framework spans", "execute tool span", "inference span"; status: development). They stand here
because the Python package marks its own constants for them as deprecated. The `noctua.` names are
ours.
"""

from typing import Final

OPERATION_NAME: Final = "gen_ai.operation.name"
INVOKE_WORKFLOW: Final = "invoke_workflow"
INVOKE_AGENT: Final = "invoke_agent"
EXECUTE_TOOL: Final = "execute_tool"
CHAT: Final = "chat"

WORKFLOW_NAME: Final = "gen_ai.workflow.name"
AGENT_NAME: Final = "gen_ai.agent.name"
CONVERSATION_ID: Final = "gen_ai.conversation.id"
PROVIDER_NAME: Final = "gen_ai.provider.name"
REQUEST_MODEL: Final = "gen_ai.request.model"
RESPONSE_FINISH_REASONS: Final = "gen_ai.response.finish_reasons"
TOOL_NAME: Final = "gen_ai.tool.name"
TOOL_TYPE: Final = "gen_ai.tool.type"
TOOL_CALL_ID: Final = "gen_ai.tool.call.id"
TOOL_CALL_ARGUMENTS: Final = "gen_ai.tool.call.arguments"
USAGE_INPUT_TOKENS: Final = "gen_ai.usage.input_tokens"
USAGE_OUTPUT_TOKENS: Final = "gen_ai.usage.output_tokens"
ERROR_TYPE: Final = "error.type"

INCIDENT_ID: Final = "noctua.incident.id"
TIME_S: Final = "noctua.time_s"
"""The time that agents see (Unix seconds), perhaps simulated; span times are the wall's."""
FINISHED_BY: Final = "noctua.mind.finished_by"
TOKENS_ESTIMATED: Final = "noctua.usage.estimated"
"""True where the server reported no usage and the tokens were counted by our rule."""
PROMPT_NAME: Final = "noctua.prompt.name"
PROMPT_VERSION: Final = "noctua.prompt.version"
PROMPT_HASH: Final = "noctua.prompt.hash"
"""Which words a role was told: 12 hexadecimal digits of their SHA-256."""
REASON: Final = "noctua.reason"
MIND: Final = "noctua.mind"
NEXT_MIND: Final = "noctua.mind.next"
BAD_REPLY_EVENT: Final = "noctua.bad_reply"
SWAP_EVENT: Final = "noctua.swap"
PARAMETERS_REFUSED: Final = "noctua.model.parameters_refused"
"""Parameters of a request that the server does not take; they were left out."""
