/*
 * JSON that was read (json-glib) and JSON that is written (common/json_writer), brought together.
 */
#ifndef TOOLS_KENCHI_JSON_TEXT_H
#define TOOLS_KENCHI_JSON_TEXT_H

#include <glib.h>
#include <json-glib/json-glib.h>

/* Parses strictly one value; NULL when it is none. Free with json_node_unref(). */
JsonNode *json_text_parse(const char *text);

/* Writes a value that was parsed, as a member `name` or an element (NULL). */
void json_text_copy(GString *json, const char *name, JsonNode *node);

/* Writes `text` when it is JSON, else an empty object or array as `otherwise` says. */
void json_text_add(GString *json, const char *name, const char *text, const char *otherwise);

/* Writes a comma list as an array of strings. */
void json_text_add_list(GString *json, const char *name, const char *comma_list);

/* A member of an object; `otherwise` when there is none, or it is of another type. */
double json_text_number(JsonObject *object, const char *name, double otherwise);
const char *json_text_string(JsonObject *object, const char *name, const char *otherwise);

/* Prints what was written to stdout and empties it. */
void json_text_print(GString *json);

#endif
