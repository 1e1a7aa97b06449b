#include "config/yaml_reader.h"
