# cmake -D INPUT=a.sql -D OUTPUT=a_sql.h -D NAME=a_sql -P embed_text.cmake: a text file as a C string in a header.
file(READ ${INPUT} octets HEX)
string(REGEX REPLACE "([0-9a-f][0-9a-f])" "0x\\1," octets "${octets}")
string(REGEX REPLACE "((0x..,){16})" "\\1\n\t" octets "${octets}")
get_filename_component(file ${INPUT} NAME)
file(WRITE ${OUTPUT} "/* Made from ${file}. */\nstatic const char ${NAME}[] = {\n\t${octets}0,\n};\n")
