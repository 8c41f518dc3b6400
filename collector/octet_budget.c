#include "collector/octet_budget.h"

struct octet_budget
octet_budget(size_t total, size_t users)
{
	size_t sure = total / 2 / (users > 0 ? users : 1);

	return (struct octet_budget){ .sure = sure, .common = total - total / 2 };
}

static size_t
beyond(const struct octet_budget *budget, size_t used)
{
	return used > budget->sure ? used - budget->sure : 0;
}

bool
octet_budget_take(struct octet_budget *budget, size_t *used, size_t octets)
{
	size_t before = beyond(budget, *used), after, left;

	if (octets > budget->sure + budget->common)
		return false;
	after = beyond(budget, *used + octets);
	left = budget->common - budget->common_used;
	if (after - before > left || (after > before && after > left - (after - before)))
		return false;
	budget->common_used += after - before;
	*used += octets;
	return true;
}

void
octet_budget_give(struct octet_budget *budget, size_t *used, size_t octets)
{
	size_t before = beyond(budget, *used);

	*used -= octets;
	budget->common_used -= before - beyond(budget, *used);
}
