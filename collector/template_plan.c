#include "collector/template_plan.h"

#include <string.h>

#include "collector/packet_section.h"
#include "collector/plan_finish.h"
#include "collector/plan_row.h"
#include "collector/plan_step.h"

/* Marks of the plan alone, beside those of enum flow_record_marks. */
enum {
	FLOW_HAS_START = 1 << 28,
	FLOW_HAS_END = 1 << 29,
	OWN_MARKS = FLOW_HAS_START | FLOW_HAS_END,
};

enum {
	RANK_ALWAYS = 255,
};

static const struct element {
	uint32_t enterprise;
	uint16_t id;
	uint16_t target;
	uint8_t target_width;
	uint8_t load;
	uint8_t rank;
	uint32_t mark;
} elements[] = {
#define ELEMENT(enterprise, id, name, load, field, rank, mark)                                     \
	{ enterprise,                                                                              \
	  id,                                                                                      \
	  offsetof(struct flow_record, field),                                                     \
	  sizeof(((struct flow_record *)0)->field),                                                \
	  LOAD_##load,                                                                             \
	  rank,                                                                                    \
	  mark },
#include "schemas/information_elements.def"
#undef ELEMENT
};

/* Where a field of one record of variable length was found. */
struct located {
	uint32_t offset;
	uint16_t length;
};

struct TemplatePlan {
	struct flow_record prototype;
	uint32_t marks; /* of the prototype, and the plan's own */
	uint32_t lacks;
	size_t record_octets;
	size_t field_count;
	size_t step_count;     /* column by column */
	size_t row_step_count; /* row by row */
	size_t list_count;
	bool is_variable;
	unsigned ends; /* enum plan_end */
	bool times_are_uptime;
	bool names_sampler;
	bool is_row; /* its records are read whole */
	struct plan_row row;
	struct plan_step *steps;
	struct plan_step *row_steps;
	struct plan_step *lists; /* NULL: none */
	struct template_field *fields;
};

/* What compiling keeps in mind. */
struct compiler {
	TemplatePlan *plan;
	GArray *steps;
	GArray *row_steps;
	const struct element *chosen[sizeof(struct flow_record)]; /* by target */
	uint16_t chosen_field[sizeof(struct flow_record)];
	uint32_t chosen_offset[sizeof(struct flow_record)];
	int boot_field; /* -1: none */
	uint32_t boot_offset;
	int duration_field; /* -1: none */
	uint32_t duration_offset;
	enum plan_load duration_load;
};

static const struct element *
find_element(uint32_t enterprise, uint16_t id)
{
	size_t low = 0, high = G_N_ELEMENTS(elements);

	while (low < high) {
		size_t middle = (low + high) / 2;
		const struct element *element = &elements[middle];

		if (element->enterprise == enterprise && element->id == id)
			return element;
		if (element->enterprise < enterprise ||
		    (element->enterprise == enterprise && element->id < id))
			low = middle + 1;
		else
			high = middle;
	}
	return NULL;
}

static bool
is_row_load(enum plan_load load)
{
	return load >= LOAD_SIZES;
}

static bool
is_list_load(enum plan_load load)
{
	return load >= LOAD_BASIC_LIST;
}

static struct plan_step
make_step(const struct compiler *compiler, const struct element *element, uint16_t field,
          uint32_t offset)
{
	uint16_t length = compiler->plan->fields[field].length;

	return (struct plan_step){
		.run = length == FIELD_VARIABLE
		               ? NULL
		               : plan_step_choose(element->load, length, element->target_width),
		.source = offset,
		.length = length,
		.target = element->target,
		.field = field,
		.load = element->load,
		.target_width = element->target_width,
	};
}

static void
add_list(TemplatePlan *plan, const struct plan_step *step)
{
	if (plan->list_count == PLAN_LISTS_MAX)
		return;
	plan->lists = g_renew(struct plan_step, plan->lists, plan->list_count + 1);
	plan->lists[plan->list_count++] = *step;
}

static void
take_always(struct compiler *compiler, const struct element *element, uint16_t field,
            uint32_t offset)
{
	struct plan_step step = make_step(compiler, element, field, offset);

	compiler->plan->marks |= element->mark;
	if (element->load == LOAD_BOOT) {
		compiler->boot_field = step.length == FIELD_VARIABLE ? -1 : field;
		compiler->boot_offset = offset;
	} else if (element->load == LOAD_DURATION_MS || element->load == LOAD_DURATION_US) {
		compiler->duration_field = field;
		compiler->duration_offset = offset;
		compiler->duration_load = element->load;
	} else if (is_list_load(element->load)) {
		add_list(compiler->plan, &step);
	} else if (is_row_load(element->load)) {
		g_array_append_val(compiler->row_steps, step);
	} else {
		g_array_append_val(compiler->steps, step);
	}
	if (element->load == LOAD_IPV4 || element->load == LOAD_IPV6)
		compiler->plan->ends |= element->target == offsetof(struct flow_record, source)
		                                ? PLAN_SOURCE
		                                : PLAN_DESTINATION;
}

static void
take_field(struct compiler *compiler, uint16_t field, uint32_t offset)
{
	const struct template_field *wire = &compiler->plan->fields[field];
	const struct element *element = find_element(wire->enterprise, wire->element);
	const struct element *known;

	if (element == NULL)
		return;
	if (wire->length != FIELD_VARIABLE && !plan_step_length_valid(element->load, wire->length))
		return;
	if (element->rank == RANK_ALWAYS) {
		take_always(compiler, element, field, offset);
		return;
	}
	known = compiler->chosen[element->target];
	if (known != NULL && known->rank < element->rank)
		return;
	compiler->chosen[element->target] = element;
	compiler->chosen_field[element->target] = field;
	compiler->chosen_offset[element->target] = offset;
}

static void
emit_chosen(struct compiler *compiler, size_t target)
{
	const struct element *element = compiler->chosen[target];
	struct plan_step step = make_step(compiler, element, compiler->chosen_field[target],
	                                  compiler->chosen_offset[target]);

	if (element->load == LOAD_UPTIME && compiler->boot_field >= 0) {
		step.run = plan_step_uptime_from_boot;
		step.second_field = (uint16_t)compiler->boot_field;
		step.second_source = compiler->boot_offset;
	} else if (element->load == LOAD_UPTIME) {
		compiler->plan->times_are_uptime = true;
	}
	compiler->plan->names_sampler |= element->load == LOAD_SAMPLER;
	compiler->plan->marks |= element->mark;
	/* Chosen ones go first: what adds to a field comes after it. */
	g_array_prepend_val(compiler->steps, step);
}

static void
emit_duration(struct compiler *compiler)
{
	static const struct element duration = { .target = offsetof(struct flow_record, end),
		                                 .target_width = sizeof(int64_t) };
	uint32_t told = compiler->plan->marks & OWN_MARKS;
	struct plan_step step;

	if (compiler->duration_field < 0 || told == 0 || told == OWN_MARKS)
		return;
	step = make_step(compiler, &duration, (uint16_t)compiler->duration_field,
	                 compiler->duration_offset);
	step.load = (uint8_t)compiler->duration_load;
	step.run = told == FLOW_HAS_START ? plan_step_end_after : plan_step_start_before;
	compiler->plan->marks |= OWN_MARKS;
	g_array_append_val(compiler->steps, step);
}

static void
measure(TemplatePlan *plan)
{
	for (size_t i = 0; i < plan->field_count; i++) {
		uint16_t length = plan->fields[i].length;

		/* A variable field has at least the one octet of its length. */
		plan->is_variable |= length == FIELD_VARIABLE;
		plan->record_octets += length == FIELD_VARIABLE ? 1 : length;
	}
}

static uint32_t
find_lacks(const struct compiler *compiler)
{
	static const struct {
		uint32_t mark;
		enum plan_lack lack;
	} rows[] = {
		{ FLOW_HAS_FLAGS, PLAN_LACKS_FLAGS },
		{ FLOW_HAS_TIMES, PLAN_LACKS_TIMES },
		{ FLOW_HAS_OCTETS, PLAN_LACKS_OCTETS },
		{ FLOW_HAS_PACKETS, PLAN_LACKS_PACKETS },
	};
	uint32_t lacks = 0;

	for (size_t i = 0; i < G_N_ELEMENTS(rows); i++)
		if ((compiler->plan->marks & rows[i].mark) == 0)
			lacks |= rows[i].lack;
	if (compiler->chosen[offsetof(struct flow_record, destination_port)] == NULL)
		lacks |= PLAN_LACKS_PORTS;
	if (compiler->chosen[offsetof(struct flow_record, flow_direction)] == NULL)
		lacks |= PLAN_LACKS_DIRECTION;
	if (compiler->row_steps->len + compiler->plan->list_count == 0)
		lacks |= PLAN_LACKS_SIZES;
	return lacks;
}

/* Sections are read only when the Template has no addresses of its own. */
static void
keep_row_steps(struct compiler *compiler)
{
	for (guint i = compiler->row_steps->len; i-- > 0;) {
		const struct plan_step *step =
			&g_array_index(compiler->row_steps, struct plan_step, i);

		if (step->load != LOAD_SECTION_IP && step->load != LOAD_SECTION_ETHERNET)
			continue;
		if (compiler->plan->ends != 0)
			g_array_remove_index(compiler->row_steps, i);
	}
	for (guint i = 0; i < compiler->row_steps->len; i++) {
		const struct plan_step *step =
			&g_array_index(compiler->row_steps, struct plan_step, i);

		if (step->load == LOAD_SECTION_IP || step->load == LOAD_SECTION_ETHERNET)
			compiler->plan->ends = PLAN_BOTH_ENDS;
	}
}

static void
compile(struct compiler *compiler)
{
	TemplatePlan *plan = compiler->plan;
	uint32_t offset = 0;

	for (size_t i = 0; i < plan->field_count; i++) {
		take_field(compiler, (uint16_t)i, offset);
		offset += plan->fields[i].length == FIELD_VARIABLE ? 1 : plan->fields[i].length;
	}
	for (size_t target = 0; target < sizeof(struct flow_record); target++)
		if (compiler->chosen[target] != NULL)
			emit_chosen(compiler, target);
	emit_duration(compiler);
	keep_row_steps(compiler);
	plan->is_variable |= plan->list_count > 0;
	if ((plan->marks & OWN_MARKS) != 0)
		plan->marks |= FLOW_HAS_TIMES;
	plan->lacks = find_lacks(compiler);
	plan->prototype = (struct flow_record){
		.marks = plan->marks & ~(uint32_t)OWN_MARKS,
		.flow_direction = UINT8_MAX,
	};
}

TemplatePlan *
template_plan_new(const struct template_field *fields, size_t count)
{
	TemplatePlan *plan = g_new0(TemplatePlan, 1);
	struct compiler compiler = {
		.plan = plan,
		.steps = g_array_new(false, false, sizeof(struct plan_step)),
		.row_steps = g_array_new(false, false, sizeof(struct plan_step)),
		.boot_field = -1,
		.duration_field = -1,
	};

	plan->field_count = MIN(count, TEMPLATE_FIELDS_MAX);
	plan->fields = g_memdup2(fields, plan->field_count * sizeof(*fields));
	measure(plan);
	compile(&compiler);
	plan->step_count = compiler.steps->len;
	plan->steps = (struct plan_step *)(void *)g_array_free(compiler.steps, false);
	plan->row_step_count = compiler.row_steps->len;
	plan->row_steps = (struct plan_step *)(void *)g_array_free(compiler.row_steps, false);
	plan->is_row =
		plan->row_step_count == 0 && !plan->is_variable &&
		plan_row_make(plan->steps, plan->step_count, plan->record_octets, &plan->row);
	return plan;
}

void
template_plan_free(TemplatePlan *plan)
{
	if (plan == NULL)
		return;
	g_free(plan->steps);
	g_free(plan->row_steps);
	g_free(plan->lists);
	g_free(plan->fields);
	g_free(plan);
}

size_t
template_plan_memory(size_t field_count)
{
	return sizeof(TemplatePlan) +
	       field_count * (sizeof(struct template_field) + sizeof(struct plan_step));
}

bool
template_plan_has_address(const TemplatePlan *plan)
{
	return plan->ends != 0;
}

unsigned
template_plan_ends(const TemplatePlan *plan)
{
	return plan->ends;
}

bool
template_plan_has_lists(const TemplatePlan *plan)
{
	return plan->list_count > 0;
}

uint32_t
template_plan_counters(const TemplatePlan *plan)
{
	return plan->marks & (FLOW_HAS_OCTETS | FLOW_HAS_PACKETS | FLOW_HAS_REVERSE);
}

unsigned
template_plan_lacks(const TemplatePlan *plan)
{
	return plan->lacks;
}

bool
template_plan_needs_uptime(const TemplatePlan *plan)
{
	return plan->times_are_uptime;
}

size_t
template_plan_record_octets(const TemplatePlan *plan)
{
	return plan->record_octets;
}

bool
template_plan_is_variable(const TemplatePlan *plan)
{
	return plan->is_variable;
}

static struct flow_record
start_record(const TemplatePlan *plan, const struct plan_context *context)
{
	struct flow_record record = plan->prototype;

	record.template_id = context->template_id;
	if (plan->times_are_uptime && context->uptime_known)
		record.marks |= FLOW_UPTIME_TIMES;
	return record;
}

static void
finish(const TemplatePlan *plan, const struct plan_context *context, struct flow_record *records,
       size_t count)
{
	for (size_t i = 0; i < count; i++) {
		plan_finish_times(context->export_time, &records[i]);
		plan_finish_icmp(&records[i]);
		plan_finish_event(&records[i]);
	}
	plan_finish_sampling(context->samplers, plan->names_sampler, records, count);
}

/* One field that is read row by row. */
static bool
run_row_step(const struct plan_step *step, const struct plan_rows *row,
             const struct template_field *field, struct told_sizes *told)
{
	const uint8_t *octets = row->octets + step->source;

	switch (step->load) {
	case LOAD_SIZES:
		told_sizes_note(told, field->enterprise, field->element,
		                plan_step_read_unsigned(octets, step->length));
		return true;
	case LOAD_SECTION_IP:
		return packet_section_read(octets, step->length, SECTION_FROM_IP, row->records);
	case LOAD_SECTION_ETHERNET:
		return packet_section_read(octets, step->length, SECTION_FROM_ETHERNET,
		                           row->records);
	default:
		return true;
	}
}

/* `located`: where the fields are; NULL for a record of fixed length. */
static void
run_row_steps(const TemplatePlan *plan, const struct plan_rows *row, const struct located *located,
              struct told_sizes *told)
{
	for (size_t i = 0; i < plan->row_step_count; i++) {
		struct plan_step step = plan->row_steps[i];

		if (located != NULL) {
			step.source = located[step.field].offset;
			step.length = located[step.field].length;
		}
		if (step.length == 0 || !plan_step_length_valid(step.load, step.length))
			continue;
		if (!run_row_step(&step, row, &plan->fields[step.field], told))
			row->records->marks |= FLOW_STRUCTURED_REFUSED;
	}
}

/* All that is read row by row, of a record without lists. */
static void
read_row(const TemplatePlan *plan, const struct plan_rows *row, const struct located *located)
{
	struct told_sizes told;

	if (plan->row_step_count == 0)
		return;
	memset(&told, 0, sizeof(told));
	run_row_steps(plan, row, located, &told);
	told_sizes_apply(&told, row->records);
}

void
template_plan_read(const TemplatePlan *plan, const struct plan_context *context,
                   const uint8_t *octets, size_t count, struct flow_record *records)
{
	struct flow_record start = start_record(plan, context);
	struct plan_rows rows = { context, octets, plan->record_octets, count, records };

	if (plan->is_row && plan_row_has_times(&plan->row, context)) {
		plan_row_read(&plan->row, &rows, start.marks);
		plan_finish_sampling(context->samplers, plan->names_sampler, records, count);
		return;
	}
	for (size_t i = 0; i < count; i++)
		records[i] = start;
	for (size_t i = 0; i < plan->step_count; i++)
		plan->steps[i].run(&plan->steps[i], &rows);
	for (size_t i = 0; i < count && plan->row_step_count > 0; i++) {
		struct plan_rows row = { context, octets + i * rows.stride, 0, 1, &records[i] };

		read_row(plan, &row, NULL);
	}
	finish(plan, context, records, count);
}

/* Reads the length that stands before a field; false: it goes past `left`. */
static inline bool
take_length(const uint8_t *octets, size_t left, size_t *offset, size_t *length)
{
	if (left - *offset < 1)
		return false;
	*length = octets[(*offset)++];
	if (*length != UINT8_MAX)
		return true;
	if (left - *offset < 2)
		return false;
	*length = (size_t)octets[*offset] << 8 | octets[*offset + 1];
	*offset += 2;
	return true;
}

/* Finds the fields of the record; 0: it goes past `left`. */
static size_t
locate(const TemplatePlan *plan, const uint8_t *octets, size_t left, struct located *located)
{
	size_t offset = 0;

	for (size_t i = 0; i < plan->field_count; i++) {
		size_t length = plan->fields[i].length;

		if (length == FIELD_VARIABLE && !take_length(octets, left, &offset, &length))
			return 0;
		if (length > left - offset)
			return 0;
		located[i] = (struct located){ (uint32_t)offset, (uint16_t)length };
		offset += length;
	}
	return offset;
}

static void
run_located_steps(const TemplatePlan *plan, const struct plan_rows *row,
                  const struct located *located)
{
	for (size_t i = 0; i < plan->step_count; i++) {
		struct plan_step step = plan->steps[i];

		step.source = located[step.field].offset;
		step.second_source = located[step.second_field].offset;
		step.length = located[step.field].length;
		if (!plan_step_length_valid(step.load, step.length))
			continue;
		if (step.run == NULL)
			step.run = plan_step_choose(step.load, step.length, step.target_width);
		if (step.run != NULL)
			step.run(&step, row);
	}
}

size_t
template_plan_read_variable(const TemplatePlan *plan, const struct plan_context *context,
                            const uint8_t *octets, size_t left, struct flow_record *record)
{
	struct located located[TEMPLATE_FIELDS_MAX];
	size_t length = locate(plan, octets, left, located);
	struct plan_rows row = { context, octets, 0, 1, record };

	if (length == 0 || record == NULL)
		return length;
	*record = start_record(plan, context);
	run_located_steps(plan, &row, located);
	read_row(plan, &row, located);
	finish(plan, context, record, 1);
	return length;
}

size_t
template_plan_read_listed(const TemplatePlan *plan, const struct plan_context *context,
                          const uint8_t *octets, size_t left, struct listed_record *listed)
{
	struct located located[TEMPLATE_FIELDS_MAX];
	size_t length = locate(plan, octets, left, located);
	struct plan_rows row = { context, octets, 0, 1, &listed->record };

	if (length == 0)
		return 0;
	listed->record = start_record(plan, context);
	memset(&listed->told, 0, sizeof(listed->told));
	run_located_steps(plan, &row, located);
	run_row_steps(plan, &row, located, &listed->told);
	listed->list_count = plan->list_count;
	for (size_t i = 0; i < plan->list_count; i++) {
		const struct located *field = &located[plan->lists[i].field];

		listed->lists[i] =
			(struct plan_list){ plan->lists[i].load, field->offset, field->length };
	}
	return length;
}

void
template_plan_finish(const TemplatePlan *plan, const struct plan_context *context,
                     const struct told_sizes *told, struct flow_record *record)
{
	told_sizes_apply(told, record);
	finish(plan, context, record, 1);
}

void
template_plan_read_sub(const TemplatePlan *plan, const uint8_t *octets, struct told_sizes *told,
                       struct flow_record *record)
{
	struct plan_rows row = { NULL, octets, 0, 1, record };

	run_row_steps(plan, &row, NULL, told);
	for (size_t i = 0; i < plan->step_count; i++) {
		const struct plan_step *step = &plan->steps[i];

		if (step->load != LOAD_OR ||
		    step->target == offsetof(struct flow_record, icmp_type_code))
			continue;
		step->run(step, &row);
		record->marks |= FLOW_HAS_FLAGS;
	}
}

void
template_plan_read_over(const TemplatePlan *plan, const struct plan_context *context,
                        const uint8_t *octets, struct told_sizes *told, struct flow_record *record)
{
	struct plan_rows row = { context, octets, 0, 1, record };

	record->marks |= start_record(plan, context).marks;
	for (size_t i = 0; i < plan->step_count; i++)
		plan->steps[i].run(&plan->steps[i], &row);
	run_row_steps(plan, &row, NULL, told);
}
