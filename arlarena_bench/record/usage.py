"""What an endpoint was asked for a result, and what that took."""

from arlarena_bench.record.part import Amount, Count, RecordPart


class UsageRecord(RecordPart):
    """The requests behind a result, failed tries and those of earlier commands included.

    Attributes:
        base_url: Of the server.
        models: What the server says that answered, such as a dated version.
        left_out: Settings that the server does not take, of the decoder or the chat template: it
            was asked without.
        requests: Sent.
        failed_requests: Of these without a usable reply.
        prompt_tokens: As the server counts them; None if it has left that out of a reply.
        reply_tokens: Likewise, with those that a server's own reasoning took.
        shortened: Replies that the server cut before they had the tokens that were asked for.
        prompt_price: Of a million prompt tokens, as the user gave it; None without one.
        reply_price: Likewise of reply tokens.
        money: What the tokens cost at these prices; None where prices or tokens are not known.
        request_seconds: How long the requests took, added up; differs from run to run.
    """

    base_url: str
    models: tuple[str, ...]
    left_out: tuple[str, ...] = ()
    requests: Count
    failed_requests: Count
    prompt_tokens: Count | None
    reply_tokens: Count | None
    shortened: Count = 0
    prompt_price: Amount | None = None
    reply_price: Amount | None = None
    money: Amount | None = None
    request_seconds: Amount
