"""Holds JSON documents against a schema: validate.py SCHEMA DOCUMENT...

The exit status is the number of documents that the schema refuses; 120 when
that cannot be found out.  Needs Debian's python3-jsonschema.
"""

import json
import sys


def main(schema_path, paths):
    import jsonschema

    with open(schema_path, encoding="utf-8") as file:
        schema = json.load(file)
    jsonschema.Draft7Validator.check_schema(schema)
    validator = jsonschema.Draft7Validator(schema)

    refused = 0
    for path in paths:
        with open(path, encoding="utf-8") as file:
            errors = list(validator.iter_errors(json.load(file)))
        for error in errors:
            where = "/".join(str(part) for part in error.path)
            print(f"{path}: {where}: {error.message[:200]}", file=sys.stderr)
        refused += bool(errors)
    return refused


try:
    status = main(sys.argv[1], sys.argv[2:])
except Exception as error:
    print(f"validate.py: {error}", file=sys.stderr)
    status = 120
sys.exit(status)
