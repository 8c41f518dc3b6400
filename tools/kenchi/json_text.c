#include "tools/kenchi/json_text.h"

#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#include "common/json_writer.h"

enum { DEPTH_MOST = 64 };

/* The parser and what works on its values are recursive. */
static bool
is_too_deep(const char *text)
{
	int depth = 0;

	for (; *text != '\0'; text++) {
		depth += *text == '[' || *text == '{';
		depth -= *text == ']' || *text == '}';
		if (depth > DEPTH_MOST)
			return true;
	}
	return false;
}

JsonNode *
json_text_parse(const char *text)
{
	g_autoptr(JsonParser) parser = json_parser_new_immutable();

	if (is_too_deep(text) || !g_utf8_validate(text, -1, NULL) ||
	    !json_parser_load_from_data(parser, text, -1, NULL))
		return NULL;
	return json_parser_steal_root(parser);
}

/* As deep as what was parsed, which is bounded. NOLINTBEGIN(misc-no-recursion) */
static void
copy_object(GString *json, const char *name, JsonObject *object)
{
	JsonObjectIter iterator;
	const char *member;
	JsonNode *node;

	json_open_object(json, name);
	json_object_iter_init_ordered(&iterator, object);
	while (json_object_iter_next_ordered(&iterator, &member, &node))
		json_text_copy(json, member, node);
	json_close_object(json);
}

static void
copy_array(GString *json, const char *name, JsonArray *array)
{
	json_open_array(json, name);
	for (guint i = 0; i < json_array_get_length(array); i++)
		json_text_copy(json, NULL, json_array_get_element(array, i));
	json_close_array(json);
}

static void
copy_value(GString *json, const char *name, JsonNode *node)
{
	GType type = json_node_get_value_type(node);

	if (type == G_TYPE_INT64)
		json_add_integer(json, name, json_node_get_int(node));
	else if (type == G_TYPE_DOUBLE)
		json_add_double(json, name, json_node_get_double(node));
	else if (type == G_TYPE_BOOLEAN)
		json_add_boolean(json, name, json_node_get_boolean(node));
	else
		json_add_string(json, name, json_node_get_string(node));
}

void
json_text_copy(GString *json, const char *name, JsonNode *node)
{
	switch (json_node_get_node_type(node)) {
	case JSON_NODE_OBJECT:
		copy_object(json, name, json_node_get_object(node));
		break;
	case JSON_NODE_ARRAY:
		copy_array(json, name, json_node_get_array(node));
		break;
	case JSON_NODE_VALUE:
		copy_value(json, name, node);
		break;
	case JSON_NODE_NULL:
	default:
		json_add_null(json, name);
	}
}

/* NOLINTEND(misc-no-recursion) */

void
json_text_add(GString *json, const char *name, const char *text, const char *otherwise)
{
	g_autoptr(JsonNode) node = json_text_parse(text);

	if (node == NULL)
		json_add_json(json, name, otherwise);
	else
		json_text_copy(json, name, node);
}

void
json_text_add_list(GString *json, const char *name, const char *comma_list)
{
	g_auto(GStrv) entries = g_strsplit(comma_list, ",", -1);

	json_open_array(json, name);
	for (char **entry = entries; *entry != NULL; entry++)
		json_add_string(json, NULL, g_strstrip(*entry));
	json_close_array(json);
}

double
json_text_number(JsonObject *object, const char *name, double otherwise)
{
	JsonNode *node = object == NULL ? NULL : json_object_get_member(object, name);
	GType type = node == NULL ? G_TYPE_INVALID : json_node_get_value_type(node);

	return type == G_TYPE_INT64 || type == G_TYPE_DOUBLE ? json_node_get_double(node)
	                                                     : otherwise;
}

const char *
json_text_string(JsonObject *object, const char *name, const char *otherwise)
{
	JsonNode *node = object == NULL ? NULL : json_object_get_member(object, name);

	return node != NULL && json_node_get_value_type(node) == G_TYPE_STRING
	               ? json_node_get_string(node)
	               : otherwise;
}

void
json_text_print(GString *json)
{
	fwrite(json->str, 1, json->len, stdout);
	g_string_truncate(json, 0);
}
