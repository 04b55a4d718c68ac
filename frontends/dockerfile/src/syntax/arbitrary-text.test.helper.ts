import fc from "fast-check";

/** Texts that look like Dockerfiles that somebody broke. */
export const dockerfileText = fc
  .array(
    fc.constantFrom(
      ...[
        "FROM a",
        "RUN ",
        "COPY ",
        "\n",
        "\\\n",
        "`\n",
        "\\ \t\n",
        "<<E",
        "<<-'E'",
        "E",
        "\tE\n",
        "\r\n",
        "\r",
      ],
      ...[
        "[",
        "]",
        '"',
        '"a"',
        "'",
        "`",
        "\\",
        "--x=",
        "--",
        "ENV A=",
        "LABEL ",
        "ONBUILD ",
        "HEALTHCHECK ",
        "CMD ",
      ],
      ...[
        "#",
        "# c",
        "# escape=`\n",
        "# check=skip=all\n",
        "ARG",
        "=",
        " ",
        "\t",
        "\v",
        "\f",
        "\0",
        ",",
        "$",
        "${x",
      ],
      ...["é\u{1F6A2}", "\u00a0", "\u0085", "\u2028", "\ufeff", "\ud800", "run", "x"],
    ),
    { maxLength: 30 },
  )
  .map((pieces) => pieces.join(""));
