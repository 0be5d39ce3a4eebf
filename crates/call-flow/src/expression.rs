//! CEL expressions of a switch.
//!
//! Promises that an expression that compiles names only what exists, and that evaluating never panics: an error is a value. Does
//! not know where a flow goes then.

use std::collections::BTreeMap;
use std::sync::Arc;

use cel::common::ast::{EntryExpr, Expr, LiteralValue};
use cel::{Context, IdedExpr, Program, Value};

/// Names that an expression may use, beside `vars.<variable>`.
pub(crate) const NAMES: [&str; 5] = ["digits", "amd", "attempt", "direction", "vars"];

/// Functions that an expression may use, beside operators.
const FUNCTIONS: [&str; 15] = [
    "size",
    "contains",
    "startsWith",
    "endsWith",
    "int",
    "uint",
    "double",
    "string",
    "bool",
    "has",
    "all",
    "exists",
    "exists_one",
    "map",
    "filter",
];

/// A condition.
#[derive(Clone)]
pub(crate) struct Expression(Arc<Program>);

impl std::fmt::Debug for Expression {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Expression")
    }
}

/// What an expression can see.
#[derive(Debug, Default)]
pub(crate) struct Facts<'a> {
    pub digits: &'a str,
    pub amd: &'a str,
    pub attempt: u16,
    pub direction: &'a str,
    pub vars: BTreeMap<&'a str, &'a str>,
}

/// The expression did not give true or false.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct NoAnswer;

impl Expression {
    /// Compiles, or says what is wrong.
    pub(crate) fn compile(source: &str, variables: &[String]) -> Result<Self, String> {
        let program = Program::compile(source).map_err(|errors| {
            let text = errors.to_string();
            format!("is not CEL: {}", text.lines().next().unwrap_or("it cannot be parsed"))
        })?;
        known(program.expression(), variables, &mut Vec::new())?;
        let expression = Self(Arc::new(program));
        let vars = variables.iter().map(|name| (name.as_str(), "")).collect();
        let sample = Facts { digits: "", amd: "human", attempt: 1, direction: "Outbound", vars };
        let given = sample.known().map(|known| expression.0.execute(&known.0));
        match given {
            Ok(Ok(Value::Bool(_)) | Err(_)) | Err(_) => Ok(expression),
            Ok(Ok(other)) => Err(format!("gives {}, not true or false", other.type_of())),
        }
    }

    /// Whether it is true.
    pub(crate) fn holds(&self, known: &Known) -> Result<bool, NoAnswer> {
        match self.0.execute(&known.0) {
            Ok(Value::Bool(answer)) => Ok(answer),
            Ok(_) | Err(_) => Err(NoAnswer),
        }
    }
}

/// Facts in the form that expressions read. Made once for all cases of a switch: it brings CEL's own functions along.
pub(crate) struct Known(Context<'static, 'static>);

impl Facts<'_> {
    /// For expressions.
    pub(crate) fn known(&self) -> Result<Known, NoAnswer> {
        let mut context = Context::default();
        let vars: BTreeMap<String, String> =
            self.vars.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect();
        for (name, text) in [("digits", self.digits), ("amd", self.amd), ("direction", self.direction)] {
            context.add_variable_from_value(name, text.to_owned());
        }
        context.add_variable_from_value("attempt", i64::from(self.attempt));
        context.add_variable("vars", vars).map_err(|_| NoAnswer)?;
        Ok(Known(context))
    }
}

/// Whether all names of an expression exist; `bound`: those of comprehensions around it.
fn known(expr: &IdedExpr, variables: &[String], bound: &mut Vec<String>) -> Result<(), String> {
    match &expr.expr {
        Expr::Unspecified | Expr::Literal(_) => Ok(()),
        Expr::Ident(name) if NAMES.contains(&name.as_str()) || bound.contains(name) => Ok(()),
        Expr::Ident(name) => Err(format!("names {name:?}; known are {}", NAMES.join(", "))),
        Expr::Select(select) => {
            if matches!(&select.operand.expr, Expr::Ident(name) if name == "vars") {
                return declared(&select.field, variables);
            }
            known(&select.operand, variables, bound)
        }
        Expr::Call(call) => {
            let operator = call.func_name.contains(|c: char| !c.is_ascii_alphanumeric() && c != '_')
                || call.func_name.starts_with('_');
            if !operator && !FUNCTIONS.contains(&call.func_name.as_str()) {
                return Err(format!("calls {:?}; known are {}", call.func_name, FUNCTIONS.join(", ")));
            }
            if let [
                IdedExpr { expr: Expr::Ident(vars), .. },
                IdedExpr { expr: Expr::Literal(LiteralValue::String(field)), .. },
            ] = call.args.as_slice()
                && vars == "vars"
            {
                return declared(field.inner(), variables);
            }
            call.target.iter().map(AsRef::as_ref).chain(&call.args).try_for_each(|part| known(part, variables, bound))
        }
        Expr::List(list) => list.elements.iter().try_for_each(|part| known(part, variables, bound)),
        Expr::Map(map) => entries(map.entries.iter().map(|entry| &entry.expr), variables, bound),
        Expr::Struct(parts) => entries(parts.entries.iter().map(|entry| &entry.expr), variables, bound),
        Expr::Comprehension(parts) => {
            known(&parts.iter_range, variables, bound)?;
            known(&parts.accu_init, variables, bound)?;
            let before = bound.len();
            bound.push(parts.iter_var.clone());
            bound.extend(parts.iter_var2.clone());
            bound.push(parts.accu_var.clone());
            let inner = [&parts.loop_cond, &parts.loop_step, &parts.result]
                .into_iter()
                .try_for_each(|part| known(part, variables, bound));
            bound.truncate(before);
            inner
        }
    }
}

fn entries<'a>(
    entries: impl Iterator<Item = &'a EntryExpr>,
    variables: &[String],
    bound: &mut Vec<String>,
) -> Result<(), String> {
    for entry in entries {
        match entry {
            EntryExpr::StructField(field) => known(&field.value, variables, bound)?,
            EntryExpr::MapEntry(entry) => {
                known(&entry.key, variables, bound)?;
                known(&entry.value, variables, bound)?;
            }
        }
    }
    Ok(())
}

fn declared(field: &str, variables: &[String]) -> Result<(), String> {
    if variables.iter().any(|name| name == field) {
        Ok(())
    } else {
        Err(format!("names vars.{field}, which is not declared under variables"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn compile(source: &str) -> Result<Expression, String> {
        Expression::compile(source, &["plan".to_owned(), "tries".to_owned()])
    }

    #[test]
    fn conditions_see_what_is_known_of_the_call() {
        let facts = Facts {
            digits: "42",
            amd: "human",
            attempt: 2,
            direction: "Outbound",
            vars: [("plan", "gold"), ("tries", "")].into(),
        };
        for (source, expected) in [
            ("digits == '42'", Ok(true)),
            ("digits.startsWith('4') && attempt > 2", Ok(false)),
            ("vars.plan == 'gold' || digits == ''", Ok(true)),
            ("vars['plan'] in ['silver', 'gold']", Ok(true)),
            ("['1', '2'].exists(d, d == digits)", Ok(false)),
            ("amd != 'human'", Ok(false)),
            ("size(vars.tries) == 0", Ok(true)),
            ("int(digits) / int(vars.tries) == 1", Err(NoAnswer)),
        ] {
            assert_eq!(compile(source).unwrap().holds(&facts.known().unwrap()), expected, "{source}");
        }
    }

    #[test]
    fn what_cannot_work_is_refused_with_its_reason() {
        for (source, reason) in [
            ("digits ==", "is not CEL"),
            ("didgits == '1'", "names \"didgits\"; known are digits"),
            ("vars.plann == '1'", "names vars.plann, which is not declared"),
            ("vars['x'] == '1'", "names vars.x, which is not declared"),
            ("lower(digits) == '1'", "calls \"lower\""),
            ("digits", "gives string, not true or false"),
        ] {
            let error = compile(source).unwrap_err();
            assert!(error.contains(reason), "{source}: {error}");
        }
    }

    proptest::proptest! {
        #[test]
        fn no_text_makes_the_compiler_panic(source in ".{0,40}") {
            let _ = compile(&source);
        }

        #[test]
        fn no_expression_makes_the_compiler_panic(source in "[a-z0-9'\"().,<>=!&|+*/?:\\[\\]{} -]{0,30}") {
            let _ = compile(&source);
        }
    }
}
