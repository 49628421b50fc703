/* help_trace.c - reads packed traces (trace.h). */
#include "heap/trace/trace.h"

static bool
next_number(struct trace *trace, uint64_t *number)
{
    *number = 0;
    for (unsigned shift = 0; trace->at < trace->end && shift < 64;
         shift += 7) {
        const unsigned char byte = *trace->at++;
        *number |= (uint64_t)(byte & 0x7F) << shift;
        if (byte < 0x80)
            return true;
    }
    return false;
}

bool
trace_next(struct trace *trace, struct trace_call *call)
{
    uint64_t first;
    if (!next_number(trace, &first) || first % 8 > TRACE_ALIGNED)
        return false;
    *call = (struct trace_call){.kind = (enum trace_kind)(first % 8)};
    first /= 8;
    if (call->kind == TRACE_REALLOC || call->kind == TRACE_FREE) {
        if (first == 0 || first > trace->born)
            return false;
        call->block = trace->born - (uint32_t)first;
    } else {
        call->block = trace->born++;
    }
    if (call->kind == TRACE_ALIGNED) {
        if (first >= 40)
            return false;
        call->alignment = (uint64_t)1 << first;
    }
    if (call->kind == TRACE_MALLOC || call->kind == TRACE_CALLOC)
        call->size = first;
    else if (call->kind != TRACE_FREE)
        return next_number(trace, &call->size);
    return true;
}
