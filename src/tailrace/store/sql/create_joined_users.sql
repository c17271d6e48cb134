CREATE OR REPLACE VIEW joined_users AS
WITH
    (x -> dictGetOrDefault({by_id}, 'user', x, x)) AS next,
    arrayFold((x, step) -> next(x), range(64), user) AS last
SELECT
    user,
    if(
        dictHas({by_id}, last),
        arrayFold((best, step) -> (next(best.1), least(best.2, best.1)), range(64), (last, last)).2,
        last
    ) AS person
FROM
(
    SELECT DISTINCT tupleElement(first, 2) AS user
    FROM links
    WHERE dictHas({by_id}, user)
)
